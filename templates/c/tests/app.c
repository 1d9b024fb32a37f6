// The application as its clients see it. Each test has a fresh application, a fresh store and a
// clock of its own.

#include "links.h"
#include "slt_test.h"
#include "support/http_client.h"

#define GET WASI_HTTP_TYPES_METHOD_GET
#define POST WASI_HTTP_TYPES_METHOD_POST
#define PUT WASI_HTTP_TYPES_METHOD_PUT
#define DELETE WASI_HTTP_TYPES_METHOD_DELETE
#define URL "https://example.com/a?b=c"

SLT_RESOURCE(slight_testing_faults, fault);
SLT_RESOURCE(wasi_keyvalue_store, bucket);

// Shortens `URL` and returns the path of the link.
static app_string_t shorten(void)
{
    SLT_OWNED(response) response = ask(POST, slt_str("/"), slt_str(URL));
    CHECK_EQ_INT(response.status, 201);
    return slt_format("/%.*s", SLT_ARG(response.body));
}

static uint16_t status(uint8_t method, const char *path, const char *body)
{
    SLT_OWNED(response) response = ask(method, slt_str(path), slt_str(body));
    return response.status;
}

TEST(a_link_redirects_and_counts)
{
    SLT_OWNED(app_string) link = shorten();
    for (int i = 0; i < 3; i++) {
        SLT_OWNED(response) response = ask(GET, link, slt_str(""));
        CHECK_EQ_INT(response.status, 302);
        CHECK_EQ_STR(response.location, URL);
    }
    slt_append(&link, slt_str("/stats"));
    SLT_OWNED(response) stats = ask(GET, link, slt_str(""));
    CHECK_EQ_STR(stats.body, "3");
}

TEST(links_are_listed_and_removed)
{
    SLT_OWNED(app_string) link = shorten();
    SLT_OWNED(app_string) line = slt_format("%.*s %s\n", SLT_ARG(slt_skip(link, 1)), URL);
    SLT_OWNED(response) one = ask(GET, slt_str("/"), slt_str(""));
    CHECK_EQ_STR(one.body, line);
    SLT_OWNED(response) removed = ask(DELETE, link, slt_str(""));
    CHECK_EQ_INT(removed.status, 204);
    SLT_OWNED(response) none = ask(GET, slt_str("/"), slt_str(""));
    CHECK_EQ_STR(none.body, "");
    SLT_OWNED(response) gone = ask(GET, link, slt_str(""));
    CHECK_EQ_INT(gone.status, 404);
}

TEST(what_is_not_a_url_is_refused)
{
    CHECK_EQ_INT(status(POST, "/", "javascript:alert(1)"), 400);
    char body[3001];
    memset(body, 'a', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    CHECK_EQ_INT(status(POST, "/", body), 400);
}

TEST(wrong_paths_and_methods_are_refused)
{
    CHECK_EQ_INT(status(GET, "/1", ""), 404);
    CHECK_EQ_INT(status(GET, "/1/stats", ""), 404);
    CHECK_EQ_INT(status(GET, "/1/2/3", ""), 404);
    CHECK_EQ_INT(status(PUT, "/1", ""), 405);
}

// A test can open the stores of the application.
TEST(a_link_is_in_the_store)
{
    SLT_OWNED(app_string) link = shorten();
    SLT_OWNED(app_string) key = slt_format("link%.*s", SLT_ARG(link));
    app_string_t name = slt_str("links");
    SLT_OWNED(wasi_keyvalue_store_own_bucket) bucket = {0};
    SLT_OWNED(store_error) error = {0};
    CHECK(wasi_keyvalue_store_open(&name, &bucket, &error));
    SLT_OWNED(app_option_list_u8) value = {0};
    CHECK(wasi_keyvalue_store_method_bucket_get(wasi_keyvalue_store_borrow_bucket(bucket), &key,
                                                &value, &error));
    CHECK(value.is_some);
    CHECK(slt_ends_with(slt_text(value.val), URL));
}

// Time is an input: thirty days pass at once.
TEST(a_link_expires)
{
    SLT_OWNED(app_string) link = shorten();
    slight_testing_clock_unsupported_t error;
    CHECK(slight_testing_clock_advance(LIFETIME_SECONDS * 1000000000, &error));
    SLT_OWNED(response) response = ask(GET, link, slt_str(""));
    CHECK_EQ_INT(response.status, 404);
}

// So is failure: Redis stores the link, and the connection ends before it has said so.
TEST(a_reply_that_is_lost_is_not_taken_for_success)
{
    slight_testing_faults_target_t target = {
        .service = slt_str("redis"),
        .operation = {true, slt_str("SET")},
        .nth = {true, 1},
    };
    slight_testing_faults_action_t action = {.tag = SLIGHT_TESTING_FAULTS_ACTION_DROP_AFTER};
    SLT_OWNED(slight_testing_faults_own_fault) fault = {0};
    SLT_OWNED(slight_testing_faults_error) error = {0};
    CHECK(slight_testing_faults_inject(&target, &action, &fault, &error));

    CHECK_EQ_INT(status(POST, "/", URL), 503);
    CHECK_EQ_INT(slight_testing_faults_method_fault_hits(slight_testing_faults_borrow_fault(fault)),
                 1);

    // The application has recovered, and the first link is there all the same.
    SLT_OWNED(app_string) link = shorten();
    SLT_OWNED(response) all = ask(GET, slt_str("/"), slt_str(""));
    CHECK_EQ_STR(all.body, "1 " URL "\n2 " URL "\n");
}
