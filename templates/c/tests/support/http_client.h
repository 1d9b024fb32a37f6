// A small HTTP client for the tests.

#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "http.h"

// Sends a request to the application of this project, which tests reach at `http://app.test/`. The
// method is one of `WASI_HTTP_TYPES_METHOD_…`.
response_t ask(uint8_t method, app_string_t path, app_string_t body);

#endif
