// The links by themselves. Each test has a store of its own, which is empty at first.

#include "links.h"

#include "slt_test.h"

#define NOW ((uint64_t)1000000000)
#define URL "https://example.com/"

static links_t opened(void)
{
    links_t links = {0};
    store_error_t error;
    CHECK(links_open(&links, &error));
    return links;
}

static app_string_t added(const links_t *links, const char *url)
{
    app_string_t code = {0};
    store_error_t error;
    CHECK(links_add(links, slt_str(url), NOW, &code, &error));
    return code;
}

static app_option_string_t visited(const links_t *links, app_string_t code, uint64_t now)
{
    app_option_string_t url = {0};
    store_error_t error;
    CHECK(links_visit(links, code, now, &url, &error));
    return url;
}

static app_option_u64_t visits(const links_t *links, app_string_t code)
{
    app_option_u64_t visits = {0};
    store_error_t error;
    CHECK(links_visits(links, code, NOW, &visits, &error));
    return visits;
}

TEST(a_link_leads_to_its_url_and_counts_its_visits)
{
    SLT_OWNED(links) links = opened();
    SLT_OWNED(app_string) code = added(&links, URL);
    CHECK(visits(&links, code).is_some);
    CHECK_EQ_UINT(visits(&links, code).val, 0);
    for (int i = 0; i < 2; i++) {
        SLT_OWNED(app_option_string) url = visited(&links, code, NOW);
        CHECK(url.is_some);
        CHECK_EQ_STR(url.val, URL);
    }
    CHECK_EQ_UINT(visits(&links, code).val, 2);
}

TEST(a_link_that_was_removed_leads_nowhere)
{
    SLT_OWNED(links) links = opened();
    SLT_OWNED(app_string) code = added(&links, URL);
    store_error_t error;
    CHECK(links_remove(&links, code, &error));
    SLT_OWNED(app_option_string) url = visited(&links, code, NOW);
    CHECK(!url.is_some);
    CHECK(!visits(&links, code).is_some);
    CHECK(links_remove(&links, code, &error));
}

TEST(a_link_expires)
{
    SLT_OWNED(links) links = opened();
    SLT_OWNED(app_string) code = added(&links, URL);
    SLT_OWNED(app_option_string) before = visited(&links, code, NOW + LIFETIME_SECONDS - 1);
    CHECK(before.is_some);
    SLT_OWNED(app_option_string) after = visited(&links, code, NOW + LIFETIME_SECONDS);
    CHECK(!after.is_some);
}

TEST(all_links_are_listed)
{
    SLT_OWNED(links) links = opened();
    SLT_OWNED(link_list) none = {0};
    store_error_t error;
    CHECK(links_list(&links, NOW, &none, &error));
    CHECK_EQ_UINT(none.len, 0);

    SLT_OWNED(app_string) a = added(&links, URL "a");
    SLT_OWNED(app_string) b = added(&links, URL "b");
    SLT_OWNED(app_option_string) url = visited(&links, a, NOW);
    SLT_OWNED(link_list) all = {0};
    CHECK(links_list(&links, NOW, &all, &error));
    CHECK_EQ_UINT(all.len, 2);
    CHECK_EQ_STR(all.ptr[0].code, "1");
    CHECK_EQ_STR(all.ptr[0].url, URL "a");
    CHECK_EQ_STR(all.ptr[1].code, "2");
    CHECK_EQ_STR(all.ptr[1].url, URL "b");
}

static void set(const links_t *links, const char *key, const char *value)
{
    app_string_t name = slt_str(key);
    app_list_u8_t bytes = slt_bytes(slt_str(value));
    store_error_t error;
    CHECK(wasi_keyvalue_store_method_bucket_set(wasi_keyvalue_store_borrow_bucket(links->bucket),
                                                &name, &bytes, &error));
}

TEST(a_value_that_something_else_wrote_is_an_error)
{
    SLT_OWNED(links) links = opened();
    app_string_t code = slt_str("1");
    static const char *const values[] = {"", "?", "9999999999", " " URL, "+9999999999 " URL};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        set(&links, "link/1", values[i]);
        SLT_OWNED(store_error) error = {0};
        app_option_string_t url;
        CHECK(!links_visit(&links, code, NOW, &url, &error));
        CHECK_EQ_STR(slt_keyvalue_error(&error),
                     "`link/1` holds what this application did not write");
    }
    set(&links, "link/1", "9999999999 " URL);
    static const char *const counts[] = {"", "-1", "+5", "18446744073709551616"};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        set(&links, "visits/1", counts[i]);
        SLT_OWNED(store_error) error = {0};
        app_option_u64_t count;
        CHECK(!links_visits(&links, code, NOW, &count, &error));
        CHECK_EQ_STR(slt_keyvalue_error(&error),
                     "`visits/1` holds what this application did not write");
    }
    set(&links, "visits/1", "5");
    CHECK_EQ_UINT(visits(&links, code).val, 5);
}

TEST(a_code_is_all_that_follows_the_first_prefix)
{
    SLT_OWNED(links) links = opened();
    set(&links, "link/link/x", "9999999999 " URL);
    SLT_OWNED(link_list) all = {0};
    store_error_t error;
    CHECK(links_list(&links, NOW, &all, &error));
    CHECK_EQ_UINT(all.len, 1);
    CHECK_EQ_STR(all.ptr[0].code, "link/x");
    CHECK_EQ_STR(all.ptr[0].url, URL);
    SLT_OWNED(app_option_string) url = visited(&links, all.ptr[0].code, NOW);
    CHECK(url.is_some);
}

TEST(codes_are_numbers_of_base_36)
{
    static const struct {
        uint64_t n;
        const char *code;
    } cases[] = {{1, "1"}, {35, "z"}, {36, "10"}, {UINT64_MAX, "3w5e11264sgsf"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SLT_OWNED(app_string) code = link_code(cases[i].n);
        CHECK_EQ_STR(code, cases[i].code);
    }
}

TEST(urls_are_checked)
{
    app_string_t url;
    CHECK(check_url(slt_bytes(slt_str(" https://example.com \n")), &url) == NULL);
    CHECK_EQ_STR(url, "https://example.com");
    static const char *const refused[] = {"", "example.com", "https://example.com/a b",
                                          "https://example.com/\u00e9"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK(check_url(slt_bytes(slt_str(refused[i])), &url) != NULL);
    }
    char longest[MAX_URL_BYTES + 1];
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "https://", strlen("https://"));
    CHECK(check_url((app_list_u8_t){(uint8_t *)longest, MAX_URL_BYTES}, &url) == NULL);
    CHECK(check_url((app_list_u8_t){(uint8_t *)longest, sizeof longest}, &url) != NULL);
}
