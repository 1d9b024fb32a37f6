// Requests and responses as plain values, over the bindings of `wasi:http`.

#ifndef HTTP_H
#define HTTP_H

#include "slt.h"

// The longest body that is read, in bytes.
#define MAX_BODY_BYTES ((size_t)8 * 1024)

// A request, read to its end.
typedef struct {
    wasi_http_types_method_t method;
    app_string_t path; // with the query, if there is one
    app_list_u8_t body;
} request_t;

// A response. `location` is empty if it has none.
typedef struct {
    uint16_t status;
    app_string_t location;
    app_string_t body;
} response_t;

// Reads a request, or says how to refuse it.
bool request_read(wasi_http_types_own_incoming_request_t incoming, request_t *request,
                  response_t *refusal);

// The parts of the path: none for `/`. Returns how many there are, and writes no more than `most`
// of them.
size_t request_segments(const request_t *request, app_string_t segments[], size_t most);

void request_free(request_t *request);

// Plain text.
response_t response_text(uint16_t status, app_string_t body);

// Sends the client elsewhere, this time: so that each visit is seen here.
response_t response_redirect(app_string_t url);

// Sends a response. A client that has gone away in the meantime is no error.
void response_send(const response_t *response, wasi_http_types_own_response_outparam_t out);

void response_free(response_t *response);

#endif
