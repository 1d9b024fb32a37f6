// The requests and responses of slight's `http-types`, over `wasi:http`. Copy it, and http.c, into
// an application that is brought over.

#ifndef HTTP_H
#define HTTP_H

#include "app.h"

// The most parts of a path that a route has.
#define MAX_SEGMENTS 8

// A request, read to its end.
typedef struct {
    uint8_t method;   // WASI_HTTP_TYPES_METHOD_GET…
    app_string_t uri; // the path and the query
    app_list_u8_t body;
    // The parts of the path; one that has more than a route may have is none of any route.
    app_string_t segments[MAX_SEGMENTS];
    size_t segment_count;
} request_t;

// A response, and what it owns.
typedef struct {
    uint16_t status;
    app_list_u8_t body;
} response_t;

// Whether a request has this method, and a path of this form: `/notes/:key`.
bool request_is(const request_t *request, uint8_t method, const char *form);

// A part of the path, counted from 0.
app_string_t request_param(const request_t *request, size_t index);

// A response whose body is a copy of these bytes.
response_t response(uint16_t status, const void *bytes, size_t len);

// A response with this text.
response_t response_text(uint16_t status, const char *text);

// What slight's router did: the application's own.
response_t route(const request_t *request);

#endif
