// Programs that end badly, each in its own way: `tests/it/c_header.rs` says how.

#include "slt_test.h"

int dropped = 9;

// What a sanitizer must see: else it could not be trusted about `slt_h.c`.

TEST(leaks)
{
    app_string_t text = slt_format("%d", 1);
    CHECK_EQ_UINT(text.len, 1);
    text = slt_str("");
    CHECK_EQ_UINT(text.len, 0);
}

TEST(reads_beside_a_string)
{
    SLT_OWNED(app_string) text = slt_format("%015d", 1);
    text.len += 2;
    CHECK(!slt_ends_with(text, "a"));
}

TEST(uses_what_is_freed)
{
    app_string_t text = slt_format("%d", 1);
    app_string_t view = text;
    app_string_free(&text);
    CHECK(slt_is(view, "1"));
}

TEST(frees_twice)
{
    SLT_OWNED(app_string) text = slt_format("%d", 1);
    SLT_OWNED(app_string) same = text;
    CHECK_EQ_STR(same, "1");
}

TEST(computes_beyond_a_number)
{
    int largest = (int)slt_str("").len + INT32_MAX;
    CHECK(largest + 1 != 7);
}

// What the headers themselves say.

TEST(fails_to_hold)
{
    int status = 500;
    CHECK(status == 201);
}

TEST(differs_in_numbers)
{
    int status = 500;
    CHECK_EQ_INT(status, -201);
}

TEST(differs_in_large_numbers)
{
    uint64_t visits = UINT64_MAX;
    CHECK_EQ_UINT(visits, 0);
}

TEST(differs_in_text)
{
    SLT_OWNED(app_string) body = slt_copy(slt_str("a \"line\"\n\\\x7f\xc3\xa9"));
    CHECK_EQ_STR(body, "");
}

TEST(differs_in_long_text)
{
    SLT_OWNED(app_string) body = slt_format("%0300d", 7);
    CHECK_EQ_STR(slt_bytes(body), "7");
}

TEST(comes_where_it_must_not)
{
    printf("written before\n");
    FAIL("no answer after %d attempts", 3);
}

TEST(expects)
{
    printf("written before\n");
    SLT_EXPECT(1 > 2, "one is more than two");
}

TEST(has_no_memory)
{
    slt_append_raw(&(uint8_t *){NULL}, &(size_t){0}, (const uint8_t *)"", SIZE_MAX);
}

TEST(differs_in_sign)
{
    CHECK_EQ_INT(-1, UINT64_MAX);
}

TEST(differs_in_sign_at_the_least)
{
    CHECK_EQ_UINT((uint64_t)INT64_MAX + 1, INT64_MIN);
}

TEST(exits)
{
    printf("written before\n");
    exit(0);
    CHECK(false);
}

TEST_IGNORED(waits_to_be_asked)
{
    FAIL("it was asked");
}
