/* Stands in for Microsoft's installer of WebView2, which Tauri's command line downloads and the tests don't. It writes
 * down how it was started, and leaves what installers recognise WebView2 by, or fails as the test asks. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define CLIENT L"Software\\Microsoft\\EdgeUpdate\\Clients\\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}"
#define VERSION L"140.0.0.0"

int WINAPI wWinMain(HINSTANCE instance, HINSTANCE previous, WCHAR *arguments, int show)
{
    WCHAR path[MAX_PATH + 16];
    GetModuleFileNameW(NULL, path, MAX_PATH);
    lstrcatW(path, L".starts");
    FILE *file = _wfopen(path, L"ab");
    if (file == NULL) return 2;
    fprintf(file, "%ls\n", arguments);
    fclose(file);
    const char *code = getenv("AMIQUS_TESTS_WEBVIEW2_EXIT_CODE");
    if (code != NULL) return atoi(code);
    return RegSetKeyValueW(HKEY_CURRENT_USER, CLIENT, L"pv", REG_SZ, VERSION, sizeof VERSION);
}
