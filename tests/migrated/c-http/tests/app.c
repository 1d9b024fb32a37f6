// The application as its clients see it, and what it leaves in the store.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

// Sends a request without a body's end being waited for: the answer is still to come.
static wasi_http_types_own_future_incoming_response_t start(uint8_t tag, const char *path,
                                                            const char *text)
{
    wasi_http_types_own_outgoing_request_t request =
        wasi_http_types_constructor_outgoing_request(wasi_http_types_constructor_fields());
    wasi_http_types_borrow_outgoing_request_t borrowed =
        wasi_http_types_borrow_outgoing_request(request);
    wasi_http_types_method_t method = {.tag = tag};
    wasi_http_types_scheme_t scheme = {.tag = WASI_HTTP_TYPES_SCHEME_HTTP};
    app_string_t authority, target;
    app_string_set(&authority, "app.test");
    app_string_set(&target, path);
    EXPECT(wasi_http_types_method_outgoing_request_set_method(borrowed, &method));
    EXPECT(wasi_http_types_method_outgoing_request_set_scheme(borrowed, &scheme));
    EXPECT(wasi_http_types_method_outgoing_request_set_authority(borrowed, &authority));
    EXPECT(wasi_http_types_method_outgoing_request_set_path_with_query(borrowed, &target));

    wasi_http_types_own_outgoing_body_t body;
    wasi_io_streams_own_output_stream_t stream;
    wasi_http_types_own_future_incoming_response_t future;
    wasi_http_types_error_code_t error;
    wasi_io_streams_stream_error_t broken;
    EXPECT(wasi_http_types_method_outgoing_request_body(borrowed, &body));
    EXPECT(wasi_http_outgoing_handler_handle(request, NULL, &future, &error));
    EXPECT(wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body),
                                                      &stream));
    app_list_u8_t bytes = {(uint8_t *)text, strlen(text)};
    EXPECT(wasi_io_streams_method_output_stream_blocking_write_and_flush(
        wasi_io_streams_borrow_output_stream(stream), &bytes, &broken));
    wasi_io_streams_output_stream_drop_own(stream);
    EXPECT(wasi_http_types_static_outgoing_body_finish(body, NULL, &error));
    return future;
}

// Sends a request to the application, and expects this answer.
static void expect(uint8_t method, const char *path, const char *text, uint16_t status,
                   const char *answer)
{
    wasi_http_types_own_future_incoming_response_t future = start(method, path, text);
    wasi_http_types_borrow_future_incoming_response_t borrowed =
        wasi_http_types_borrow_future_incoming_response(future);
    wasi_io_poll_own_pollable_t ready =
        wasi_http_types_method_future_incoming_response_subscribe(borrowed);
    wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(ready));
    wasi_io_poll_pollable_drop_own(ready);
    wasi_http_types_result_result_own_incoming_response_error_code_void_t result;
    EXPECT(wasi_http_types_method_future_incoming_response_get(borrowed, &result));
    EXPECT(!result.is_err && !result.val.ok.is_err);
    wasi_http_types_borrow_incoming_response_t response =
        wasi_http_types_borrow_incoming_response(result.val.ok.val.ok);
    EXPECT(wasi_http_types_method_incoming_response_status(response) == status);

    wasi_http_types_own_incoming_body_t body;
    wasi_io_streams_own_input_stream_t stream;
    app_list_u8_t bytes;
    wasi_io_streams_stream_error_t error;
    EXPECT(wasi_http_types_method_incoming_response_consume(response, &body));
    EXPECT(wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(body),
                                                       &stream));
    const char *left = answer;
    while (wasi_io_streams_method_input_stream_blocking_read(
        wasi_io_streams_borrow_input_stream(stream), 4096, &bytes, &error)) {
        EXPECT(bytes.len <= strlen(left) && memcmp(bytes.ptr, left, bytes.len) == 0);
        left += bytes.len;
        app_list_u8_free(&bytes);
    }
    EXPECT(error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED && *left == '\0');
    wasi_io_streams_input_stream_drop_own(stream);
    wasi_http_types_incoming_body_drop_own(body);
    wasi_http_types_incoming_response_drop_own(result.val.ok.val.ok);
    wasi_http_types_future_incoming_response_drop_own(future);
}

int main(void)
{
    expect(WASI_HTTP_TYPES_METHOD_GET, "/hello/Ada", "", 200, "hello, Ada");
    expect(WASI_HTTP_TYPES_METHOD_POST, "/hello/Ada", "", 404, "not found");
    expect(WASI_HTTP_TYPES_METHOD_GET, "/notes/milk", "", 404, "not found");
    expect(WASI_HTTP_TYPES_METHOD_PUT, "/notes/milk", "two bottles", 204, "");
    expect(WASI_HTTP_TYPES_METHOD_GET, "/notes/milk", "", 200, "two bottles");

    app_string_t name, key;
    slight_keyvalue_compat_own_keyvalue_t store;
    slight_keyvalue_compat_keyvalue_error_t error;
    app_list_u8_t value;
    app_string_set(&name, "notes");
    app_string_set(&key, "milk");
    EXPECT(slight_keyvalue_compat_static_keyvalue_open(&name, &store, &error));
    EXPECT(slight_keyvalue_compat_method_keyvalue_get(slight_keyvalue_compat_borrow_keyvalue(store),
                                                      &key, &value, &error));
    EXPECT(value.len == strlen("two bottles"));
    app_list_u8_free(&value);
    slight_keyvalue_compat_keyvalue_drop_own(store);

    expect(WASI_HTTP_TYPES_METHOD_DELETE, "/notes/milk", "", 204, "");
    expect(WASI_HTTP_TYPES_METHOD_GET, "/notes", "", 200, "");
    return 0;
}
