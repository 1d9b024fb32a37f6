// A URL shortener: a `wasi:http` handler that keeps its links in a `wasi:keyvalue` store.
//
// | request                         | answer                                  |
// |---------------------------------|-----------------------------------------|
// | `POST /` with a URL as its body | 201 and the link's code                 |
// | `GET /`                         | 200 and all links, one a line           |
// | `GET /CODE`                     | 302 to the URL, counted                 |
// | `GET /CODE/stats`               | 200 and how often the link was followed |
// | `DELETE /CODE`                  | 204                                     |
//
// What is asked for wrongly is 400, 404, 405 or 413; a store that fails is 503.

#include <inttypes.h>
#include <time.h>

#include "http.h"
#include "links.h"

static bool add(const links_t *links, const request_t *request, uint64_t now, response_t *response,
                store_error_t *error)
{
    app_string_t url;
    const char *reason = check_url(request->body, &url);
    if (reason != NULL) {
        *response = response_text(400, slt_str(reason));
        return true;
    }
    SLT_OWNED(app_string) code = {0};
    SLT_TRY(links_add(links, url, now, &code, error));
    *response = response_text(201, code);
    return true;
}

static bool list(const links_t *links, uint64_t now, response_t *response, store_error_t *error)
{
    SLT_OWNED(link_list) all = {0};
    SLT_TRY(links_list(links, now, &all, error));
    SLT_OWNED(app_string) lines = {0};
    for (size_t i = 0; i < all.len; i++) {
        slt_append(&lines, all.ptr[i].code);
        slt_append(&lines, slt_str(" "));
        slt_append(&lines, all.ptr[i].url);
        slt_append(&lines, slt_str("\n"));
    }
    *response = response_text(200, lines);
    return true;
}

static bool follow(const links_t *links, app_string_t code, uint64_t now, response_t *response,
                   store_error_t *error)
{
    SLT_OWNED(app_option_string) url = {0};
    SLT_TRY(links_visit(links, code, now, &url, error));
    *response = url.is_some ? response_redirect(url.val)
                            : response_text(404, slt_str("there is no such link"));
    return true;
}

static bool stats(const links_t *links, app_string_t code, uint64_t now, response_t *response,
                  store_error_t *error)
{
    app_option_u64_t visits;
    SLT_TRY(links_visits(links, code, now, &visits, error));
    if (!visits.is_some) {
        *response = response_text(404, slt_str("there is no such link"));
        return true;
    }
    SLT_OWNED(app_string) count = slt_format("%" PRIu64, visits.val);
    *response = response_text(200, count);
    return true;
}

static bool route(const request_t *request, uint64_t now, response_t *response,
                  store_error_t *error)
{
    SLT_OWNED(links) links = {0};
    SLT_TRY(links_open(&links, error));

    app_string_t path[2];
    size_t count = request_segments(request, path, 2);
    uint8_t method = request->method.tag;
    if (count > 2 || (count == 2 && !slt_is(path[1], "stats"))) {
        *response = response_text(404, slt_str("there is nothing here"));
        return true;
    }
    if (method == WASI_HTTP_TYPES_METHOD_POST && count == 0) {
        return add(&links, request, now, response, error);
    }
    if (method == WASI_HTTP_TYPES_METHOD_GET && count == 0) {
        return list(&links, now, response, error);
    }
    if (method == WASI_HTTP_TYPES_METHOD_GET && count == 1) {
        return follow(&links, path[0], now, response, error);
    }
    if (method == WASI_HTTP_TYPES_METHOD_GET && count == 2) {
        return stats(&links, path[0], now, response, error);
    }
    if (method == WASI_HTTP_TYPES_METHOD_DELETE && count == 1) {
        SLT_TRY(links_remove(&links, path[0], error));
        *response = response_text(204, slt_str(""));
        return true;
    }
    *response = response_text(405, slt_str("that can't be done with this"));
    return true;
}

static uint64_t now_seconds(void)
{
    time_t now = time(NULL);
    return now > 0 ? (uint64_t)now : 0; // before 1970 there were no links
}

// The export of `wit/world.wit`.
void exports_wasi_http_incoming_handler_handle(wasi_http_types_own_incoming_request_t incoming,
                                               wasi_http_types_own_response_outparam_t out)
{
    SLT_OWNED(request) request = {0};
    SLT_OWNED(response) response = {0};
    SLT_OWNED(store_error) error = {0};
    if (request_read(incoming, &request, &response) &&
        !route(&request, now_seconds(), &response, &error)) {
        fprintf(stderr, "the store failed: %.*s\n", SLT_ARG(slt_keyvalue_error(&error)));
        response = response_text(503, slt_str("the store does not answer, try again later"));
    }
    response_send(&response, out);
}
