#include "http.h"

// The most that one call of `blocking-write-and-flush` takes, in bytes.
#define MAX_WRITE_BYTES ((size_t)4096)

SLT_RESOURCE(wasi_http_types, incoming_request);
SLT_RESOURCE(wasi_http_types, incoming_body);
SLT_RESOURCE(wasi_http_types, outgoing_body);
SLT_RESOURCE(wasi_io_streams, input_stream);
SLT_RESOURCE(wasi_io_streams, output_stream);

bool request_read(wasi_http_types_own_incoming_request_t incoming, request_t *request,
                  response_t *refusal)
{
    // A stream is dropped before its body, and that before its request: so they are declared in
    // this order.
    SLT_OWNED(wasi_http_types_own_incoming_request) owned = incoming;
    wasi_http_types_borrow_incoming_request_t borrowed =
        wasi_http_types_borrow_incoming_request(owned);
    SLT_OWNED(wasi_http_types_own_incoming_body) body = {0};
    SLT_EXPECT(wasi_http_types_method_incoming_request_consume(borrowed, &body),
               "a body is taken once");
    SLT_OWNED(wasi_io_streams_own_input_stream) stream = {0};
    SLT_EXPECT(wasi_http_types_method_incoming_body_stream(
                   wasi_http_types_borrow_incoming_body(body), &stream),
               "a stream is taken once");

    SLT_OWNED(request) read = {0};
    while (true) {
        SLT_OWNED(app_list_u8) bytes = {0};
        wasi_io_streams_stream_error_t error;
        if (!wasi_io_streams_method_input_stream_blocking_read(
                wasi_io_streams_borrow_input_stream(stream), MAX_BODY_BYTES, &bytes, &error)) {
            if (error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED) {
                break;
            }
            wasi_io_error_error_drop_own(error.val.last_operation_failed);
            *refusal = response_text(400, slt_str("the request broke off"));
            return false;
        }
        slt_append_bytes(&read.body, bytes);
        if (read.body.len > MAX_BODY_BYTES) {
            *refusal = response_text(413, slt_str("that is too long"));
            return false;
        }
    }
    // No path is an empty one.
    (void)wasi_http_types_method_incoming_request_path_with_query(borrowed, &read.path);
    wasi_http_types_method_incoming_request_method(borrowed, &read.method);
    *request = SLT_MOVE(read);
    return true;
}

size_t request_segments(const request_t *request, app_string_t segments[], size_t most)
{
    app_string_t path = request->path;
    app_string_t query;
    (void)slt_split_once(path, '?', &path, &query);
    size_t count = 0;
    app_string_t segment;
    while (slt_next(&path, '/', &segment)) {
        if (segment.len == 0) {
            continue;
        }
        if (count < most) {
            segments[count] = segment;
        }
        count += 1;
    }
    return count;
}

void request_free(request_t *request)
{
    wasi_http_types_method_free(&request->method);
    app_string_free(&request->path);
    app_list_u8_free(&request->body);
}

response_t response_text(uint16_t status, app_string_t body)
{
    return (response_t){.status = status, .body = slt_copy(body)};
}

response_t response_redirect(app_string_t url)
{
    return (response_t){.status = 302, .location = slt_copy(url)};
}

static void append(wasi_http_types_own_fields_t headers, const char *name, app_string_t value)
{
    app_string_t key = slt_str(name);
    wasi_http_types_field_value_t bytes = {value.ptr, value.len};
    wasi_http_types_header_error_t error;
    SLT_EXPECT(wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(headers), &key,
                                                    &bytes, &error),
               "a header that is allowed");
}

static bool write_all(wasi_io_streams_borrow_output_stream_t stream, app_string_t text)
{
    while (text.len > 0) {
        app_list_u8_t bytes = slt_bytes(slt_first(text, MAX_WRITE_BYTES));
        wasi_io_streams_stream_error_t error;
        if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(stream, &bytes,
                                                                           &error)) {
            if (error.tag == WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED) {
                wasi_io_error_error_drop_own(error.val.last_operation_failed);
            }
            return false;
        }
        text = slt_skip(text, MAX_WRITE_BYTES);
    }
    return true;
}

void response_send(const response_t *response, wasi_http_types_own_response_outparam_t out)
{
    wasi_http_types_own_fields_t headers = wasi_http_types_constructor_fields();
    if (response->location.len > 0) {
        append(headers, "location", response->location);
    }
    append(headers, "content-type", slt_str("text/plain; charset=utf-8"));

    wasi_http_types_result_own_outgoing_response_error_code_t result = {
        .val.ok = wasi_http_types_constructor_outgoing_response(headers)};
    wasi_http_types_borrow_outgoing_response_t outgoing =
        wasi_http_types_borrow_outgoing_response(result.val.ok);
    SLT_EXPECT(wasi_http_types_method_outgoing_response_set_status_code(outgoing, response->status),
               "a status code");
    SLT_OWNED(wasi_http_types_own_outgoing_body) body = {0};
    SLT_EXPECT(wasi_http_types_method_outgoing_response_body(outgoing, &body),
               "a body is taken once");
    wasi_http_types_static_response_outparam_set(out, &result);

    {
        SLT_OWNED(wasi_io_streams_own_output_stream) stream = {0};
        SLT_EXPECT(wasi_http_types_method_outgoing_body_write(
                       wasi_http_types_borrow_outgoing_body(body), &stream),
                   "a stream is taken once");
        if (!write_all(wasi_io_streams_borrow_output_stream(stream), response->body)) {
            return;
        }
    }
    wasi_http_types_error_code_t error;
    if (!wasi_http_types_static_outgoing_body_finish(SLT_MOVE(body), NULL, &error)) {
        wasi_http_types_error_code_free(&error);
    }
}

void response_free(response_t *response)
{
    app_string_free(&response->location);
    app_string_free(&response->body);
}
