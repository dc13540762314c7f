/* Stands in for nsis_tauri_utils.dll, which Tauri's command line downloads and the tests don't. It has the functions
 * that Tauri's template names, with NSIS' calling convention for plugins: arguments and results are on a stack. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

typedef struct node {
    struct node *next;
    WCHAR text[1];
} node;

/* NSIS gives them a fifth argument, which none of these needs. */
#define PLUGIN_FUNCTION(name) \
    __declspec(dllexport) void name(HWND parent, int string_size, WCHAR *variables, node **top)

/* The caller frees it. */
static WCHAR *pop(int string_size, node **top)
{
    WCHAR *text = calloc(string_size, sizeof(WCHAR));
    node *first = *top;
    if (first == NULL) return text;
    lstrcpynW(text, first->text, string_size);
    *top = first->next;
    GlobalFree(first);
    return text;
}

static void push(int string_size, node **top, const WCHAR *text)
{
    node *first = GlobalAlloc(GPTR, sizeof(node) + string_size * sizeof(WCHAR));
    lstrcpynW(first->text, text, string_size);
    first->next = *top;
    *top = first;
}

/* Without pre-releases and build numbers, which no version of this project has. */
static BOOL is_version(const WCHAR *text, unsigned part[3])
{
    WCHAR rest;
    return swscanf(text, L"%u.%u.%u%c", &part[0], &part[1], &part[2], &rest) == 3;
}

static int compare(const WCHAR *one, const WCHAR *other)
{
    unsigned ones[3], others[3];
    BOOL is_one = is_version(one, ones), is_other = is_version(other, others);
    /* What is no version is older than each. */
    if (!is_one || !is_other) return is_one - is_other;
    for (int i = 0; i < 3; i++) {
        if (ones[i] != others[i]) return ones[i] < others[i] ? -1 : 1;
    }
    return 0;
}

PLUGIN_FUNCTION(SemverCompare)
{
    WCHAR *one = pop(string_size, top), *other = pop(string_size, top);
    WCHAR result[3];
    swprintf(result, 3, L"%d", compare(one, other));
    push(string_size, top, result);
    free(one);
    free(other);
}

PLUGIN_FUNCTION(StrReplace)
{
    WCHAR *text = pop(string_size, top), *old = pop(string_size, top), *new = pop(string_size, top);
    WCHAR *result = calloc(string_size, sizeof(WCHAR));
    int length = lstrlenW(old), end = 0;
    for (const WCHAR *rest = text; *rest != 0 && end < string_size - 1;) {
        if (length > 0 && wcsncmp(rest, old, length) == 0) {
            lstrcpynW(result + end, new, string_size - end);
            end = lstrlenW(result);
            rest += length;
        } else {
            result[end++] = *rest++;
        }
    }
    push(string_size, top, result);
    free(text);
    free(old);
    free(new);
    free(result);
}

/* Starts the app from the last page, or after a silent installation with /R: the tests have neither. */
PLUGIN_FUNCTION(RunAsUser)
{
    free(pop(string_size, top));
    free(pop(string_size, top));
}
