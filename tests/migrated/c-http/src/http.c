#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The longest body that is read, in bytes.
#define MAX_BODY_BYTES ((size_t)1024 * 1024)

// The most that one call of `blocking-write-and-flush` takes, in bytes.
#define MAX_WRITE_BYTES ((size_t)4096)

// More memory, or the end of this instance: the next request has a new one.
static void *grown(void *old, size_t len)
{
    void *memory = realloc(old, len > 0 ? len : 1);
    if (memory == NULL)
        abort();
    return memory;
}

response_t response(uint16_t status, const void *bytes, size_t len)
{
    response_t made = {.status = status, .body = {.ptr = grown(NULL, len), .len = len}};
    if (len > 0)
        memcpy(made.body.ptr, bytes, len);
    return made;
}

response_t response_text(uint16_t status, const char *text)
{
    return response(status, text, strlen(text));
}

static int hex(uint8_t digit)
{
    const char *digits = "0123456789abcdef", *at = memchr(digits, digit | 0x20, 16);
    return digit >= '0' && at != NULL ? (int)(at - digits) : -1;
}

// `%41` is `A`: in place, since it becomes no longer.
static app_string_t decoded(uint8_t *from, const uint8_t *end)
{
    app_string_t text = {from, 0};
    while (from < end) {
        bool coded = end - from > 2 && *from == '%' && hex(from[1]) >= 0 && hex(from[2]) >= 0;
        text.ptr[text.len++] = coded ? (uint8_t)(hex(from[1]) << 4 | hex(from[2])) : *from;
        from += coded ? 3 : 1;
    }
    return text;
}

// The parts of the path as slight's router saw them: decoded, and without an empty one at the end.
static void split(request_t *request)
{
    uint8_t *at = request->uri.ptr, *end = at + request->uri.len;
    uint8_t *query = memchr(at, '?', request->uri.len);
    if (query != NULL)
        end = query;
    if (end > at + 1 && end[-1] == '/')
        end--;
    while (at < end) {
        uint8_t *from = ++at; // behind the `/`
        while (at < end && *at != '/')
            at++;
        if (request->segment_count < MAX_SEGMENTS)
            request->segments[request->segment_count] = decoded(from, at);
        request->segment_count++;
    }
}

bool request_is(const request_t *request, uint8_t method, const char *form)
{
    if (request->method != method || request->segment_count > MAX_SEGMENTS)
        return false;
    size_t index = 0;
    while (*form == '/') {
        size_t len = strcspn(++form, "/");
        if (index == request->segment_count)
            return false;
        app_string_t segment = request->segments[index++];
        bool same = segment.len == len && memcmp(segment.ptr, form, len) == 0;
        if (*form != ':' && !same)
            return false;
        form += len;
    }
    return index == request->segment_count;
}

app_string_t request_param(const request_t *request, size_t index)
{
    return request->segments[index];
}

// Reads a body to its end: 0, or the status to answer with.
static uint16_t read_body(wasi_http_types_own_incoming_body_t incoming, app_list_u8_t *body)
{
    wasi_io_streams_own_input_stream_t stream;
    uint16_t status = 0;
    if (!wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(incoming),
                                                     &stream))
        abort(); // it is taken once
    while (status == 0) {
        app_list_u8_t bytes;
        wasi_io_streams_stream_error_t error;
        if (!wasi_io_streams_method_input_stream_blocking_read(
                wasi_io_streams_borrow_input_stream(stream), MAX_BODY_BYTES, &bytes, &error)) {
            if (error.tag != WASI_IO_STREAMS_STREAM_ERROR_CLOSED)
                status = 400;
            wasi_io_streams_stream_error_free(&error);
            break;
        }
        if (body->len + bytes.len > MAX_BODY_BYTES) {
            status = 413;
        } else if (bytes.len > 0) {
            body->ptr = grown(body->ptr, body->len + bytes.len);
            memcpy(body->ptr + body->len, bytes.ptr, bytes.len);
            body->len += bytes.len;
        }
        app_list_u8_free(&bytes);
    }
    wasi_io_streams_input_stream_drop_own(stream);
    return status;
}

// Sends a response. A client that has gone away in the meantime is no error.
static void send(const response_t *response, wasi_http_types_own_response_outparam_t out)
{
    wasi_http_types_result_own_outgoing_response_error_code_t result = {.is_err = false};
    wasi_http_types_own_outgoing_body_t body;
    wasi_io_streams_own_output_stream_t stream;
    result.val.ok =
        wasi_http_types_constructor_outgoing_response(wasi_http_types_constructor_fields());
    wasi_http_types_borrow_outgoing_response_t outgoing =
        wasi_http_types_borrow_outgoing_response(result.val.ok);
    if (!wasi_http_types_method_outgoing_response_set_status_code(outgoing, response->status) ||
        !wasi_http_types_method_outgoing_response_body(outgoing, &body))
        abort();
    wasi_http_types_static_response_outparam_set(out, &result);

    if (!wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body),
                                                    &stream))
        abort();
    bool sent = true;
    for (size_t at = 0; sent && at < response->body.len; at += MAX_WRITE_BYTES) {
        size_t left = response->body.len - at;
        app_list_u8_t piece = {response->body.ptr + at,
                               left < MAX_WRITE_BYTES ? left : MAX_WRITE_BYTES};
        wasi_io_streams_stream_error_t error;
        sent = wasi_io_streams_method_output_stream_blocking_write_and_flush(
            wasi_io_streams_borrow_output_stream(stream), &piece, &error);
        if (!sent)
            wasi_io_streams_stream_error_free(&error);
    }
    wasi_io_streams_output_stream_drop_own(stream);
    if (!sent) {
        wasi_http_types_outgoing_body_drop_own(body);
        return;
    }
    wasi_http_types_error_code_t error;
    if (!wasi_http_types_static_outgoing_body_finish(body, NULL, &error))
        wasi_http_types_error_code_free(&error);
}

void exports_wasi_http_incoming_handler_handle(
    exports_wasi_http_incoming_handler_own_incoming_request_t incoming,
    exports_wasi_http_incoming_handler_own_response_outparam_t out)
{
    wasi_http_types_borrow_incoming_request_t borrowed =
        wasi_http_types_borrow_incoming_request(incoming);
    wasi_http_types_own_incoming_body_t body;
    wasi_http_types_method_t method;
    request_t request = {0};
    if (!wasi_http_types_method_incoming_request_consume(borrowed, &body))
        abort();
    wasi_http_types_method_incoming_request_method(borrowed, &method);
    request.method = method.tag;
    wasi_http_types_method_free(&method);
    if (wasi_http_types_method_incoming_request_path_with_query(borrowed, &request.uri) &&
        request.uri.len > 0)
        split(&request);

    uint16_t refused = read_body(body, &request.body);
    response_t answer = refused == 0 ? route(&request) : response_text(refused, "");
    wasi_http_types_incoming_body_drop_own(body);
    wasi_http_types_incoming_request_drop_own(incoming);
    send(&answer, out);
    free(answer.body.ptr);
    free(request.body.ptr);
    if (request.uri.len > 0)
        app_string_free(&request.uri);
}
