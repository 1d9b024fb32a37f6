// slt_test.h: tests in C.
//
//     #include "slt_test.h"
//
//     TEST(two_and_two_are_four) { CHECK_EQ_INT(2 + 2, 4); }
//
// A file with tests is a program: this header has its `main`. `slt test` runs each test in an
// instance of its own, so none sees what another did. Without arguments the program runs all of
// them itself, one after the other.
//
//     --list          prints `NAME: test`, or `NAME: ignored`, for each test
//     --exact NAME    runs this test
//
// The exit status is 0 if all is well, 1 at the first check that fails, and 2 if the arguments are
// wrong, two tests have one name, or there is no test. A check that fails says where and why in one
// line on standard error: `tests/app.c:31: `status` is 500, not 201`. A test passes when it
// returns: one that calls `exit` fails. (`_Exit` is seen by nobody.)
//
// A second file of the same program says `#define SLT_TEST_WITHOUT_MAIN` before it includes this
// header, as `tests/support` does; and so does a program with a `main` of its own, for the checks.

#ifndef SLT_TEST_H
#define SLT_TEST_H

#include "slt.h"

// A test. The name is one of C.
//
//     TEST(links_expire) { … }
#define TEST(name) SLT_TEST_CASE(name, false)

// A test that runs only when it is asked for: `slt test --include-ignored`.
//
//     TEST_IGNORED(takes_an_hour) { … }
#define TEST_IGNORED(name) SLT_TEST_CASE(name, true)

// Ends the test unless the condition holds.
//
//     CHECK(slt_starts_with(url, "https://"));
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            slt_test_fail(__FILE__, __LINE__, "`%s` does not hold", #condition);                   \
        }                                                                                          \
    } while (0)

// Ends the test unless both are the same number. Each is an integer of any type: what is no integer
// does not compile, and -1 is never `UINT64_MAX`.
//
//     CHECK_EQ_INT(response.status, 201);
#define CHECK_EQ_INT(actual, expected)                                                             \
    slt_test_eq_number(__FILE__, __LINE__, #actual, SLT_TEST_NUMBER(actual),                       \
                       SLT_TEST_NUMBER(expected))

// The same, by the name that suits unsigned numbers.
//
//     CHECK_EQ_UINT(visits, UINT64_MAX);
#define CHECK_EQ_UINT(actual, expected)                                                            \
    slt_test_eq_number(__FILE__, __LINE__, #actual, SLT_TEST_NUMBER(actual),                       \
                       SLT_TEST_NUMBER(expected))

// Ends the test unless both are the same text: each is an `app_string_t`, an `app_list_u8_t` or a C
// string, which ends at its first NUL (`CHECK_EQ_STR(body, "a\0b")` compares with "a").
//
//     CHECK_EQ_STR(response.body, "1");
#define CHECK_EQ_STR(actual, expected)                                                             \
    slt_test_eq_str(__FILE__, __LINE__, #actual, SLT_TEST_TEXT(actual), SLT_TEST_TEXT(expected))

// Ends the test: it came to where it must not. With a reason by the rules of `printf`.
//
//     FAIL("no answer after %d attempts", attempts);
#define FAIL(...) slt_test_fail(__FILE__, __LINE__, __VA_ARGS__)

// --- What stands behind that -------------------------------------------------------------------

struct slt_test {
    const char *name;
    const char *file;
    int line;
    bool ignored;
    void (*run)(void);
    struct slt_test *next;
};

// The tests of the program, in their order. They are where its `main` is.
#ifdef SLT_TEST_WITHOUT_MAIN
extern struct slt_test *slt_tests;
#else
struct slt_test *slt_tests = NULL;
#endif

// Notes a test. Constructors do, before `main`.
static inline void slt_test_register(struct slt_test *test)
{
    struct slt_test **end = &slt_tests;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = test;
}

#define SLT_TEST_CASE(test, is_ignored)                                                            \
    static void slt_test_##test(void);                                                             \
    __attribute__((constructor)) static void slt_register_##test(void)                             \
    {                                                                                              \
        static struct slt_test this_test = {                                                       \
            #test, __FILE__, __LINE__, is_ignored, slt_test_##test, NULL,                          \
        };                                                                                         \
        slt_test_register(&this_test);                                                             \
    }                                                                                              \
    static void slt_test_##test(void)

static inline app_string_t slt_test_same(app_string_t string)
{
    return string;
}

#define SLT_TEST_TEXT(text)                                                                        \
    _Generic((text),                                                                               \
        app_string_t: slt_test_same,                                                               \
        app_list_u8_t: slt_text,                                                                   \
        char *: slt_str,                                                                           \
        const char *: slt_str)(text)

// Ends the test, and the program with it.
__attribute__((noreturn, format(printf, 3, 4))) static inline void
slt_test_fail(const char *file, int line, const char *format, ...)
{
    fflush(stdout);
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    fflush(NULL);
    _Exit(1);
}

// An integer of any type, without a loss.
struct slt_test_number {
    bool is_negative;
    unsigned long long magnitude;
};

static inline struct slt_test_number slt_test_unsigned(unsigned long long number)
{
    return (struct slt_test_number){false, number};
}

static inline struct slt_test_number slt_test_signed(long long number)
{
    unsigned long long bits = (unsigned long long)number;
    return (struct slt_test_number){number < 0, number < 0 ? 0 - bits : bits};
}

// (By `+`, all that is smaller than an `int` is one, a bit-field too.)
// clang-format off
#define SLT_TEST_NUMBER(number)                                                                    \
    _Generic(+(number),                                                                            \
        int: slt_test_signed,                                                                      \
        long: slt_test_signed,                                                                     \
        long long: slt_test_signed,                                                                \
        unsigned: slt_test_unsigned,                                                               \
        unsigned long: slt_test_unsigned,                                                          \
        unsigned long long: slt_test_unsigned)(number)
// clang-format on

static inline void slt_test_eq_number(const char *file, int line, const char *what,
                                      struct slt_test_number actual,
                                      struct slt_test_number expected)
{
    if (actual.is_negative != expected.is_negative || actual.magnitude != expected.magnitude) {
        slt_test_fail(file, line, "`%s` is %s%llu, not %s%llu", what, actual.is_negative ? "-" : "",
                      actual.magnitude, expected.is_negative ? "-" : "", expected.magnitude);
    }
}

// Text between quotes, on one line, and not without end.
static inline app_string_t slt_test_quote(app_string_t text)
{
    app_string_t quoted = slt_copy(slt_str("\""));
    app_string_t shown = slt_first(text, 200);
    for (size_t i = 0; i < shown.len; i++) {
        uint8_t byte = shown.ptr[i];
        char escape[] = {'\\', 'x', "0123456789abcdef"[byte / 16], "0123456789abcdef"[byte % 16],
                         0};
        if (byte == '\n') {
            slt_append(&quoted, slt_str("\\n"));
        } else if (byte == '"' || byte == '\\') {
            escape[1] = (char)byte;
            slt_append(&quoted, slt_first(slt_str(escape), 2));
        } else if (byte >= ' ' && byte != 0x7F) {
            slt_append(&quoted, (app_string_t){shown.ptr + i, 1});
        } else {
            slt_append(&quoted, slt_str(escape));
        }
    }
    slt_append(&quoted, slt_str(shown.len < text.len ? "\"…" : "\""));
    return quoted;
}

static inline void slt_test_eq_str(const char *file, int line, const char *what,
                                   app_string_t actual, app_string_t expected)
{
    if (slt_compare(actual, expected) != 0) {
        SLT_OWNED(app_string) is = slt_test_quote(actual);
        SLT_OWNED(app_string) should_be = slt_test_quote(expected);
        slt_test_fail(file, line, "`%s` is %.*s, not %.*s", what, SLT_ARG(is), SLT_ARG(should_be));
    }
}

#ifndef SLT_TEST_WITHOUT_MAIN
// By the section `slt-suite` in the module, `slt test` knows that a program takes `--list` and
// `--exact`. (clang knows custom sections in assembly only; in C, `section` says where in the
// memory something lies.)
#ifdef __wasm__
__asm__(".section \".custom_section.slt-suite\",\"\",@\n\t.ascii \"slt_test.h\"\n");
#endif

// The test that runs, until it has returned.
static const struct slt_test *slt_test_running = NULL;

// What follows an `exit` in a test has checked nothing.
static void slt_test_at_exit(void)
{
    if (slt_test_running != NULL) {
        slt_test_fail(slt_test_running->file, slt_test_running->line,
                      "`%s` called `exit`, where a test returns", slt_test_running->name);
    }
}

static inline void slt_test_run(const struct slt_test *test)
{
    slt_test_running = test;
    test->run();
    slt_test_running = NULL;
}

static inline struct slt_test *slt_test_find(const char *name)
{
    for (struct slt_test *test = slt_tests; test != NULL; test = test->next) {
        if (strcmp(test->name, name) == 0) {
            return test;
        }
    }
    return NULL;
}

// Two tests with one name: they are in two files, for the compiler refuses them in one.
static inline bool slt_test_has_twins(void)
{
    for (const struct slt_test *test = slt_tests; test != NULL; test = test->next) {
        const struct slt_test *first = slt_test_find(test->name);
        if (first != test) {
            fprintf(stderr, "%s:%d: there is a test `%s` at %s:%d already\n", test->file,
                    test->line, test->name, first->file, first->line);
            return true;
        }
    }
    return false;
}

static inline void slt_test_list(void)
{
    for (const struct slt_test *test = slt_tests; test != NULL; test = test->next) {
        printf("%s: %s\n", test->name, test->ignored ? "ignored" : "test");
    }
}

static inline void slt_test_run_all(void)
{
    size_t passed = 0, ignored = 0;
    for (const struct slt_test *test = slt_tests; test != NULL; test = test->next) {
        if (test->ignored) {
            printf("%s: ignored\n", test->name);
            ignored += 1;
            continue;
        }
        printf("%s: ", test->name);
        fflush(stdout);
        slt_test_run(test);
        puts("passed");
        passed += 1;
    }
    printf("%zu passed, %zu ignored\n", passed, ignored);
}

int main(int argc, char **argv)
{
    SLT_EXPECT(atexit(slt_test_at_exit) == 0, "`exit` can't be watched");
    if (slt_tests == NULL) {
        fprintf(stderr, "there is no TEST in this program\n");
        return 2;
    }
    if (slt_test_has_twins()) {
        return 2;
    }
    if (argc <= 1) {
        slt_test_run_all();
    } else if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        slt_test_list();
    } else if (argc == 3 && strcmp(argv[1], "--exact") == 0) {
        const struct slt_test *test = slt_test_find(argv[2]);
        if (test == NULL) {
            fprintf(stderr, "there is no test `%s`: `--list` shows them all\n", argv[2]);
            return 2;
        }
        slt_test_run(test);
    } else {
        fprintf(stderr, "usage: %s [--list | --exact NAME]\n", argv[0]);
        return 2;
    }
    // Not every C library writes everything out by itself.
    fflush(stdout);
    return 0;
}

#endif
#endif
