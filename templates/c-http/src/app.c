// A greeter: a `wasi:http` handler that keeps nothing.
//
// | request           | answer                         |
// |-------------------|--------------------------------|
// | `GET /hello/NAME` | 200 and a greeting             |
// | `GET /hi/NAME`    | 302 to the same                |
// | `GET /now`        | 200 and the seconds since 1970 |
//
// What is asked for wrongly is 404, 405 or 413.

#include <inttypes.h>
#include <time.h>

#include "http.h"

static response_t hello(app_string_t name)
{
    SLT_OWNED(app_string) greeting = slt_format("hello, %.*s", SLT_ARG(name));
    return response_text(200, greeting);
}

static response_t hi(app_string_t name)
{
    SLT_OWNED(app_string) path = slt_format("/hello/%.*s", SLT_ARG(name));
    return response_redirect(path);
}

static response_t now(void)
{
    time_t now = time(NULL);
    // A clock before 1970 is taken for 1970.
    SLT_OWNED(app_string) seconds = slt_format("%" PRIu64, now > 0 ? (uint64_t)now : 0);
    return response_text(200, seconds);
}

static response_t respond(const request_t *request)
{
    app_string_t path[2];
    size_t count = request_segments(request, path, 2);
    bool is_hello = count == 2 && slt_is(path[0], "hello");
    bool is_hi = count == 2 && slt_is(path[0], "hi");
    bool is_now = count == 1 && slt_is(path[0], "now");
    if (!is_hello && !is_hi && !is_now) {
        return response_text(404, slt_str("there is nothing here"));
    }
    if (request->method.tag != WASI_HTTP_TYPES_METHOD_GET) {
        return response_text(405, slt_str("that can't be done with this"));
    }
    return is_hello ? hello(path[1]) : is_hi ? hi(path[1]) : now();
}

// The export of `wit/world.wit`.
void exports_wasi_http_incoming_handler_handle(wasi_http_types_own_incoming_request_t incoming,
                                               wasi_http_types_own_response_outparam_t out)
{
    SLT_OWNED(request) request = {0};
    SLT_OWNED(response) response = {0};
    if (request_read(incoming, &request, &response)) {
        response = respond(&request);
    }
    response_send(&response, out);
}
