#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"

static int failed;

static void expect(const char *field, char separator, const char *wanted)
{
    char out[256];
    memset(out, '#', sizeof out);
    size_t needed = csv_write_field(out, sizeof out, field, separator);
    if (needed != strlen(wanted) || strcmp(out, wanted) != 0) {
        printf("`%s` with `%c` is written as `%.40s` (%zu), wanted `%s` (%zu)\n", field ? field : "NULL",
               separator, out, needed, wanted, strlen(wanted));
        failed++;
        return;
    }
    for (size_t at = needed + 1; at < sizeof out; at++) {
        if (out[at] != '#') {
            printf("`%s`: bytes behind the end are written\n", wanted);
            failed++;
            return;
        }
    }
    /* With every smaller size. */
    for (size_t size = 0; size <= needed; size++) {
        memset(out, '#', sizeof out);
        size_t again = csv_write_field(size > 0 ? out : NULL, size, field, separator);
        int is_cut = size == 0 || (memcmp(out, wanted, size - 1) == 0 && out[size - 1] == '\0');
        if (again != needed || !is_cut || out[size] != '#') {
            printf("`%s` in %zu bytes: `%.*s` (%zu)\n", wanted, size, (int)size, out, again);
            failed++;
            return;
        }
    }
    char read[256];
    csv_read_field(wanted, separator, read, sizeof read);
    if (strcmp(read, field ? field : "") != 0) {
        printf("`%s` is read as `%s`\n", wanted, read);
        failed++;
    }
}

int main(void)
{
    expect("", ';', "");
    expect(NULL, ';', "");
    expect("plain", ';', "plain");
    expect("two words", ';', "two words");
    expect("a;b", ';', "\"a;b\"");
    expect("a;b", ',', "a;b");
    expect("a,b", ',', "\"a,b\"");
    expect(";", ';', "\";\"");
    expect("say \"hi\"", ';', "\"say \"\"hi\"\"\"");
    expect("\"", ';', "\"\"\"\"");
    expect("\"\"", ';', "\"\"\"\"\"\"");
    expect("one\ntwo", ';', "\"one\ntwo\"");
    expect("one\rtwo", ';', "\"one\rtwo\"");
    expect(" a", ';', "\" a\"");
    expect("a ", ';', "\"a \"");
    expect(" ", ';', "\" \"");
    expect("a\tb", '\t', "\"a\tb\"");
    expect("\ta", ';', "\ta");
    expect("3,5 \xc2\xb0" "C", ';', "3,5 \xc2\xb0" "C");
    if (failed) {
        printf("%d failed\n", failed);
    }
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
