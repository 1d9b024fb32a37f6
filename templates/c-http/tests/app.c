// The application as its clients see it. Each test has a fresh application and a clock of its own.

#include "slt_test.h"
#include "support/http_client.h"

#define GET WASI_HTTP_TYPES_METHOD_GET
#define POST WASI_HTTP_TYPES_METHOD_POST
#define PUT WASI_HTTP_TYPES_METHOD_PUT

static uint16_t status(uint8_t method, const char *path)
{
    SLT_OWNED(response) response = ask(method, slt_str(path), slt_str(""));
    return response.status;
}

TEST(it_greets)
{
    SLT_OWNED(response) response = ask(GET, slt_str("/hello/Ada"), slt_str(""));
    CHECK_EQ_INT(response.status, 200);
    CHECK_EQ_STR(response.body, "hello, Ada");
}

TEST(it_sends_clients_on)
{
    SLT_OWNED(response) response = ask(GET, slt_str("/hi/Ada"), slt_str(""));
    CHECK_EQ_INT(response.status, 302);
    CHECK_EQ_STR(response.location, "/hello/Ada");
}

TEST(wrong_paths_and_methods_are_refused)
{
    CHECK_EQ_INT(status(GET, "/"), 404);
    CHECK_EQ_INT(status(GET, "/hello/a/b"), 404);
    CHECK_EQ_INT(status(PUT, "/hello/a"), 405);
    CHECK_EQ_INT(status(POST, "/now"), 405);
}

static uint64_t now(void)
{
    SLT_OWNED(response) response = ask(GET, slt_str("/now"), slt_str(""));
    uint64_t seconds = 0;
    CHECK(slt_parse_u64(response.body, &seconds));
    return seconds;
}

// Time is an input: an hour passes at once.
TEST(an_hour_passes)
{
    uint64_t before = now();
    slight_testing_clock_unsupported_t error;
    CHECK(slight_testing_clock_advance((uint64_t)3600 * 1000000000, &error));
    CHECK(now() - before >= 3600);
}
