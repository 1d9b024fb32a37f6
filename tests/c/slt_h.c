// `slt.h`, with every example that its comments give. What it does at its ends (SLT_EXPECT, no
// memory) is in `endings.c`.

#include "slt_test.h"

int dropped = 9;

SLT_RESOURCE(wasi_keyvalue_store, bucket);

// A copy without room to spare, so that a sanitizer sees who reads beside it.
static app_string_t alone(const char *text)
{
    app_string_t copy = {0};
    if (text[0] != '\0') {
        copy = (app_string_t){slt_reallocate(NULL, strlen(text)), strlen(text)};
        memcpy(copy.ptr, text, copy.len);
    }
    return copy;
}

TEST(strings_are_compared_by_bytes)
{
    static const struct {
        const char *a, *b;
        int order;
    } cases[] = {
        {"", "", 0},    {"a", "a", 0},   {"", "a", -1},    {"a", "", 1},
        {"a", "b", -1}, {"a", "ab", -1}, {"\xff", "a", 1}, {"ab", "a", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SLT_OWNED(app_string) a = alone(cases[i].a);
        SLT_OWNED(app_string) b = alone(cases[i].b);
        int order = slt_compare(a, b);
        CHECK_EQ_INT((order > 0) - (order < 0), cases[i].order);
        CHECK_EQ_INT(slt_is(a, cases[i].b), cases[i].order == 0);
    }
    app_string_t with_nul = {(uint8_t *)"a\0b", 3};
    CHECK(!slt_is(with_nul, "a"));
}

TEST(an_empty_string_has_no_memory)
{
    app_string_t none = {0};
    CHECK(slt_is(none, "") && slt_is(slt_skip(none, 1), "") && slt_is(slt_first(none, 1), ""));
    CHECK(slt_is(slt_trim(none), "") && slt_starts_with(none, "") && slt_ends_with(none, ""));
    CHECK(!slt_starts_with(none, "a") && !slt_ends_with(none, "a"));
    CHECK(slt_format("%s", "").ptr == NULL && slt_copy(slt_str("")).ptr == NULL);
    app_string_t text;
    CHECK(slt_utf8(slt_bytes(none), &text));
    CHECK_EQ_UINT(text.len, 0);
    // The host may hand over an empty string with any pointer.
    SLT_OWNED(app_string) odd = {(uint8_t *)1, 0};
    slt_append(&odd, slt_str("a"));
    CHECK_EQ_STR(odd, "a");
}

TEST(prefixes_suffixes_and_parts)
{
    SLT_OWNED(app_string) link = alone("link/1");
    CHECK(slt_starts_with(link, "link/") && slt_starts_with(link, "link/1"));
    CHECK(!slt_starts_with(link, "link/12") && !slt_starts_with(link, "ink"));
    CHECK(slt_ends_with(link, "/1") && slt_ends_with(link, "") && slt_ends_with(link, "link/1"));
    CHECK(!slt_ends_with(link, "a link/1") && !slt_ends_with(link, "/"));
    CHECK_EQ_STR(slt_skip(link, 5), "1");
    CHECK_EQ_STR(slt_skip(link, 6), "");
    CHECK_EQ_STR(slt_skip(link, SIZE_MAX), "");
    CHECK_EQ_STR(slt_first(link, 4), "link");
    CHECK_EQ_STR(slt_first(link, SIZE_MAX), "link/1");
}

TEST(spaces_are_trimmed)
{
    static const char *const cases[][2] = {
        {"", ""},
        {" ", ""},
        {" \t\n\f\r", ""},
        {" a b \n", "a b"},
        {"a", "a"},
        {"\va", "\va"},
        {"\n\n\xc2\xa0", "\xc2\xa0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SLT_OWNED(app_string) text = alone(cases[i][0]);
        CHECK_EQ_STR(slt_trim(text), cases[i][1]);
    }
}

TEST(strings_are_split)
{
    SLT_OWNED(app_string) text = alone("key=value=more");
    app_string_t name, value;
    CHECK(slt_split_once(text, '=', &name, &value));
    CHECK_EQ_STR(name, "key");
    CHECK_EQ_STR(value, "value=more");
    CHECK(!slt_split_once(text, '/', &name, &value));
    CHECK(slt_split_once(slt_str("a="), '=', &name, &value));
    CHECK_EQ_STR(value, "");

    static const char *const cases[][2] = {
        {"", ""}, {"a", "(a)"}, {"a/b", "(a)(b)"}, {"/a//b/", "()(a)()(b)"}, {"/", "()"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SLT_OWNED(app_string) path = alone(cases[i][0]);
        SLT_OWNED(app_string) seen = {0};
        app_string_t rest = path, piece;
        while (slt_next(&rest, '/', &piece)) {
            SLT_OWNED(app_string) shown = slt_format("(%.*s)", SLT_ARG(piece));
            slt_append(&seen, shown);
        }
        CHECK_EQ_STR(seen, cases[i][1]);
    }
}

TEST(numbers_are_read_whole_or_not_at_all)
{
    static const struct {
        const char *text;
        uint64_t number;
    } right[] = {
        {"0", 0},
        {"007", 7},
        {"18446744073709551609", UINT64_MAX - 6},
        {"18446744073709551615", UINT64_MAX},
        {"000000000000000000000000000001", 1},
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        SLT_OWNED(app_string) text = alone(right[i].text);
        uint64_t number = 1;
        CHECK(slt_parse_u64(text, &number));
        CHECK_EQ_UINT(number, right[i].number);
    }
    static const char *const wrong[] = {"",
                                        " 1",
                                        "1 ",
                                        "+1",
                                        "-1",
                                        "1a",
                                        "0x1",
                                        "18446744073709551616",
                                        "1.0",
                                        "/",
                                        ":",
                                        "99999999999999999999",
                                        "184467440737095516150"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        SLT_OWNED(app_string) text = alone(wrong[i]);
        uint64_t number = 77;
        CHECK(!slt_parse_u64(text, &number));
        CHECK_EQ_UINT(number, 77);
    }
}

TEST(strings_are_formatted)
{
    SLT_OWNED(app_string) code = alone("abc");
    SLT_OWNED(app_string) key = slt_format("visits/%.*s", SLT_ARG(slt_first(code, 2)));
    CHECK_EQ_STR(key, "visits/ab");
    CHECK_EQ_INT(key.ptr[key.len], 0);
    SLT_OWNED(app_string) long_one = slt_format("%05000d", 7);
    CHECK_EQ_UINT(long_one.len, 5000);
    CHECK(slt_ends_with(long_one, "0007"));
}

TEST(strings_grow)
{
    SLT_OWNED(app_string) lines = {0};
    SLT_OWNED(app_string) exact = slt_format("%s", "no power of two, and not on a boundary of one");
    for (size_t i = 0; i < 1000; i++) {
        slt_append(&lines, slt_str("line\n"));
        CHECK_EQ_UINT(lines.len, 5 * (i + 1));
    }
    CHECK(slt_starts_with(lines, "line\nline\n") && slt_ends_with(lines, "\nline\n"));
    slt_append(&exact, slt_str(""));
    slt_append(&exact, slt_str("!"));
    CHECK(slt_ends_with(exact, "one!"));

    SLT_OWNED(app_list_u8) bytes = {0};
    slt_append_bytes(&bytes, (app_list_u8_t){(uint8_t *)"\0\1", 2});
    slt_append_bytes(&bytes, slt_bytes(slt_str("ab")));
    CHECK_EQ_UINT(bytes.len, 4);
    CHECK_EQ_INT(memcmp(bytes.ptr, "\0\1ab", 4), 0);
}

TEST(utf_8_is_what_rfc_3629_says)
{
    // Beside each bound, one on either side of it.
    static const char *const right[] = {
        "a",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "a\xc3\xa9z",
        "\xe2\x82\xac\xe2\x82\xac",
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        SLT_OWNED(app_string) bytes = alone(right[i]);
        app_string_t text;
        CHECK(slt_utf8(slt_bytes(bytes), &text));
        CHECK_EQ_STR(text, right[i]);
    }
    static const char *const wrong[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2"
        "a",
        "\xe0\x9f\xbf",
        "\xe0\xa0",
        "\xe1\x80",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x90\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "a\xe2\x82",
        "\xe2\x82"
        "a",
        "\xc3\xc3\xa9",
        "\xe1\x80\xc0",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        SLT_OWNED(app_string) bytes = alone(wrong[i]);
        app_string_t text = slt_str("as it was");
        CHECK(!slt_utf8(slt_bytes(bytes), &text));
        CHECK_EQ_STR(text, "as it was");
    }
}

static bool third(bool first, bool second, int *reached)
{
    *reached = 1;
    SLT_TRY(first);
    *reached = 2;
    SLT_TRY(second);
    *reached = 3;
    return true;
}

TEST(a_failure_is_handed_on)
{
    int reached;
    CHECK(third(true, true, &reached) && reached == 3);
    CHECK(!third(true, false, &reached) && reached == 2);
    CHECK(!third(false, true, &reached) && reached == 1);
    SLT_EXPECT(reached == 1, "it is");
}

static bool leaves_early(void)
{
    SLT_OWNED(app_string) text = alone("freed all the same");
    SLT_OWNED(wasi_keyvalue_store_own_bucket) first = {1};
    SLT_OWNED(wasi_keyvalue_store_own_bucket) second = {2};
    SLT_OWNED(wasi_keyvalue_store_own_bucket) none = {0};
    SLT_TRY(text.len == 0);
    return true;
}

TEST(what_is_owned_is_freed_however_a_block_is_left)
{
    dropped = 9;
    CHECK(!leaves_early());
    CHECK_EQ_INT(dropped, 921);
    for (int i = 3; i <= 5; i++) {
        SLT_OWNED(wasi_keyvalue_store_own_bucket) bucket = {i};
        if (i == 3) {
            continue;
        }
        if (i == 4) {
            break;
        }
    }
    CHECK_EQ_INT(dropped, 92134);
}

static app_string_t made(void)
{
    SLT_OWNED(app_string) text = alone("moved out");
    SLT_OWNED(wasi_keyvalue_store_own_bucket) bucket = {7};
    wasi_keyvalue_store_own_bucket_t theirs = SLT_MOVE(bucket);
    CHECK_EQ_INT(theirs.__handle, 7);
    return SLT_MOVE(text);
}

TEST(what_is_moved_is_freed_by_someone_else)
{
    dropped = 9;
    SLT_OWNED(app_string) text = made();
    CHECK_EQ_STR(text, "moved out");
    CHECK_EQ_INT(dropped, 9);
}

TEST(an_error_of_a_store_says_something)
{
    wasi_keyvalue_store_error_t error = {.tag = WASI_KEYVALUE_STORE_ERROR_NO_SUCH_STORE};
    CHECK_EQ_STR(slt_keyvalue_error(&error), "there is no such store");
    error.tag = WASI_KEYVALUE_STORE_ERROR_ACCESS_DENIED;
    CHECK_EQ_STR(slt_keyvalue_error(&error), "access is denied");
    error = (wasi_keyvalue_store_error_t){WASI_KEYVALUE_STORE_ERROR_OTHER, {slt_str("it burns")}};
    CHECK_EQ_STR(slt_keyvalue_error(&error), "it burns");
}

TEST(integers_of_any_type_are_compared)
{
    enum { NEGATIVE = -3, LARGE = 7 } some = LARGE;
    struct {
        unsigned few : 3;
        int less : 3;
    } bits = {7, -3};
    uint8_t byte = 7;
    char letter = 7;
    size_t size = 7;
    CHECK_EQ_INT(byte, some);
    CHECK_EQ_INT(letter, size);
    CHECK_EQ_INT(bits.few, byte);
    CHECK_EQ_INT(bits.less, NEGATIVE);
    CHECK_EQ_INT(true, 1LL);
    CHECK_EQ_INT(-1L, (int8_t)-1);
    CHECK_EQ_INT(INT64_MIN, INT64_MIN);
    CHECK_EQ_INT((uint64_t)INT64_MAX, INT64_MAX);
    CHECK_EQ_UINT(UINT64_MAX, ~0ULL);
    int times = 0;
    CHECK_EQ_INT(++times, 1);
    CHECK_EQ_INT(times, 1);
}

TEST(a_c_string_ends_at_its_first_nul)
{
    CHECK_EQ_STR("a\0b", "a");
}
