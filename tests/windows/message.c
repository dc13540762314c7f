/* Waits until a program shows a message with this title, prints the message in UTF-8, and presses its button. */
#include <stdio.h>
#include <windows.h>

/* Wine's and Windows' number of a message's text within its window. */
#define MESSAGE_TEXT 0xFFFF

/* In milliseconds. */
#define TIMEOUT 60000
#define PAUSE 100

int wmain(int count, wchar_t **arguments) {
  if (count != 2) return 2;
  for (int waited = 0; waited < TIMEOUT; waited += PAUSE) {
    HWND message = FindWindowW(L"#32770", arguments[1]);
    if (message && IsWindowVisible(message)) {
      wchar_t text[1000] = {0};
      char utf8[3000] = {0};
      SendMessageW(GetDlgItem(message, MESSAGE_TEXT), WM_GETTEXT, 999, (LPARAM)text);
      WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, sizeof utf8 - 1, NULL, NULL);
      puts(utf8);
      SendMessageW(message, WM_COMMAND, MAKEWPARAM(IDOK, BN_CLICKED), (LPARAM)GetDlgItem(message, IDOK));
      return 0;
    }
    Sleep(PAUSE);
  }
  return 1;
}
