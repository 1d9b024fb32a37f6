#include "http_client.h"

#define SLT_TEST_WITHOUT_MAIN
#include "slt_test.h"

SLT_RESOURCE(wasi_http_types, incoming_response);
SLT_RESOURCE(wasi_http_types, incoming_body);
SLT_RESOURCE(wasi_http_types, outgoing_body);
SLT_RESOURCE(wasi_http_types, future_incoming_response);
SLT_RESOURCE(wasi_http_types, fields);
SLT_RESOURCE(wasi_io_streams, input_stream);
SLT_RESOURCE(wasi_io_streams, output_stream);
SLT_RESOURCE(wasi_io_poll, pollable);

static wasi_http_types_own_future_incoming_response_t start(uint8_t method, app_string_t path,
                                                            app_string_t body)
{
    wasi_http_types_own_outgoing_request_t request =
        wasi_http_types_constructor_outgoing_request(wasi_http_types_constructor_fields());
    wasi_http_types_borrow_outgoing_request_t borrowed =
        wasi_http_types_borrow_outgoing_request(request);
    wasi_http_types_method_t method_value = {.tag = method};
    wasi_http_types_scheme_t scheme = {.tag = WASI_HTTP_TYPES_SCHEME_HTTP};
    app_string_t authority = slt_str("app.test");
    CHECK(wasi_http_types_method_outgoing_request_set_method(borrowed, &method_value));
    CHECK(wasi_http_types_method_outgoing_request_set_scheme(borrowed, &scheme));
    CHECK(wasi_http_types_method_outgoing_request_set_authority(borrowed, &authority));
    CHECK(wasi_http_types_method_outgoing_request_set_path_with_query(borrowed, &path));
    SLT_OWNED(wasi_http_types_own_outgoing_body) outgoing = {0};
    CHECK(wasi_http_types_method_outgoing_request_body(borrowed, &outgoing));

    wasi_http_types_own_future_incoming_response_t answer;
    wasi_http_types_error_code_t refused;
    CHECK(wasi_http_outgoing_handler_handle(request, NULL, &answer, &refused));
    {
        SLT_OWNED(wasi_io_streams_own_output_stream) stream = {0};
        CHECK(wasi_http_types_method_outgoing_body_write(
            wasi_http_types_borrow_outgoing_body(outgoing), &stream));
        app_list_u8_t bytes = slt_bytes(body);
        wasi_io_streams_stream_error_t error;
        CHECK(wasi_io_streams_method_output_stream_blocking_write_and_flush(
            wasi_io_streams_borrow_output_stream(stream), &bytes, &error));
    }
    CHECK(wasi_http_types_static_outgoing_body_finish(SLT_MOVE(outgoing), NULL, &refused));
    return answer;
}

static wasi_http_types_own_incoming_response_t
wait_for(wasi_http_types_own_future_incoming_response_t answer)
{
    SLT_OWNED(wasi_http_types_own_future_incoming_response) owned = answer;
    SLT_OWNED(wasi_io_poll_own_pollable) ready = {0};
    ready = wasi_http_types_method_future_incoming_response_subscribe(
        wasi_http_types_borrow_future_incoming_response(owned));
    wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(ready));
    wasi_http_types_result_result_own_incoming_response_error_code_void_t result;
    CHECK(wasi_http_types_method_future_incoming_response_get(
        wasi_http_types_borrow_future_incoming_response(owned), &result));
    CHECK(!result.is_err);        // it is taken once
    CHECK(!result.val.ok.is_err); // the application answers
    return result.val.ok.val.ok;
}

static app_string_t location_of(wasi_http_types_borrow_incoming_response_t response)
{
    SLT_OWNED(wasi_http_types_own_fields) headers = {0};
    headers = wasi_http_types_method_incoming_response_headers(response);
    app_string_t name = slt_str("location");
    SLT_OWNED(wasi_http_types_list_field_value) values = {0};
    wasi_http_types_method_fields_get(wasi_http_types_borrow_fields(headers), &name, &values);
    CHECK(values.len <= 1);
    return values.len == 0 ? (app_string_t){0}
                           : slt_copy((app_string_t){values.ptr[0].ptr, values.ptr[0].len});
}

static app_string_t body_of(wasi_http_types_borrow_incoming_response_t response)
{
    SLT_OWNED(wasi_http_types_own_incoming_body) body = {0};
    CHECK(wasi_http_types_method_incoming_response_consume(response, &body));
    SLT_OWNED(wasi_io_streams_own_input_stream) stream = {0};
    CHECK(wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(body),
                                                      &stream));
    app_string_t text = {0};
    while (true) {
        SLT_OWNED(app_list_u8) bytes = {0};
        wasi_io_streams_stream_error_t error;
        if (!wasi_io_streams_method_input_stream_blocking_read(
                wasi_io_streams_borrow_input_stream(stream), 4096, &bytes, &error)) {
            CHECK(error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED);
            return text;
        }
        slt_append(&text, slt_text(bytes));
    }
}

response_t ask(uint8_t method, app_string_t path, app_string_t body)
{
    SLT_OWNED(wasi_http_types_own_incoming_response) response = {0};
    response = wait_for(start(method, path, body));
    wasi_http_types_borrow_incoming_response_t borrowed =
        wasi_http_types_borrow_incoming_response(response);
    return (response_t){
        .status = wasi_http_types_method_incoming_response_status(borrowed),
        .location = location_of(borrowed),
        .body = body_of(borrowed),
    };
}
