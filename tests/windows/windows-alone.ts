/** What holds on Windows and can't be shown under Wine. These tests run where releases are made. */

type Exception = {
  /** The test program, as cargo names it, and its kind. */
  program: string;
  test: string;
  why: string;
};

export const UNDER_WINDOWS_ALONE: readonly Exception[] = [
  {
    program: "sign_in_with_amiqus (lib)",
    test: "private_fs::tests::file_is_replaced_and_not_changed_in_place",
    why: "Wine refuses to rename onto a file that is open; Windows 10 does it (POSIX semantics)",
  },
  {
    program: "sign_in_with_amiqus (lib)",
    test: "private_fs::restrict_windows::tests::folder_without_a_list_is_open_to_everybody_until_it_is_restricted",
    why: "Wine knows no folder without a list",
  },
  {
    program: "sign_in_with_amiqus (lib)",
    test: "taskbar_windows::tests::process_has_the_name_of_the_start_menu_entry",
    why: "Wine takes the taskbar's name for a program, and doesn't tell it",
  },
];
