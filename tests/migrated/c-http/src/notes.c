// Notes over HTTP, kept in a key-value store. What slight's router did is `route`.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

typedef slight_keyvalue_compat_keyvalue_error_t keyvalue_error_t;
typedef slight_keyvalue_compat_borrow_keyvalue_t keyvalue_t;

static response_t failed(keyvalue_error_t *error)
{
    bool missing = error->tag == SLIGHT_KEYVALUE_COMPAT_KEYVALUE_ERROR_KEY_NOT_FOUND;
    if (!missing)
        fprintf(stderr, "%.*s\n", (int)error->val.unexpected_error.len,
                (const char *)error->val.unexpected_error.ptr);
    slight_keyvalue_compat_keyvalue_error_free(error);
    return missing ? response_text(404, "not found") : response_text(500, "");
}

static response_t handle_hello(const request_t *request)
{
    app_string_t name = request_param(request, 1);
    response_t greeting = response(200, NULL, strlen("hello, ") + name.len);
    memcpy(greeting.body.ptr, "hello, ", strlen("hello, "));
    memcpy(greeting.body.ptr + strlen("hello, "), name.ptr, name.len);
    return greeting;
}

static response_t handle_list(keyvalue_t store)
{
    app_list_string_t keys;
    keyvalue_error_t error;
    if (!slight_keyvalue_compat_method_keyvalue_keys(store, &keys, &error))
        return failed(&error);
    response_t list = response_text(200, "");
    size_t len = 0;
    for (size_t i = 0; i < keys.len; i++)
        len += keys.ptr[i].len + (i > 0);
    list.body.ptr = realloc(list.body.ptr, len + 1);
    if (list.body.ptr == NULL)
        abort();
    for (size_t i = 0; i < keys.len; i++) {
        if (i > 0)
            list.body.ptr[list.body.len++] = '\n';
        memcpy(list.body.ptr + list.body.len, keys.ptr[i].ptr, keys.ptr[i].len);
        list.body.len += keys.ptr[i].len;
    }
    app_list_string_free(&keys);
    return list;
}

static response_t handle_get(keyvalue_t store, const request_t *request)
{
    app_string_t key = request_param(request, 1);
    app_list_u8_t value;
    keyvalue_error_t error;
    if (!slight_keyvalue_compat_method_keyvalue_get(store, &key, &value, &error))
        return failed(&error);
    response_t found = response(200, value.ptr, value.len);
    app_list_u8_free(&value);
    return found;
}

static response_t handle_set(keyvalue_t store, const request_t *request)
{
    app_string_t key = request_param(request, 1);
    app_list_u8_t value = request->body;
    keyvalue_error_t error;
    if (!slight_keyvalue_compat_method_keyvalue_set(store, &key, &value, &error))
        return failed(&error);
    return response_text(204, "");
}

static response_t handle_delete(keyvalue_t store, const request_t *request)
{
    app_string_t key = request_param(request, 1);
    keyvalue_error_t error;
    if (!slight_keyvalue_compat_method_keyvalue_delete(store, &key, &error))
        return failed(&error);
    return response_text(204, "");
}

static response_t with_store(keyvalue_t store, const request_t *request)
{
    if (request_is(request, WASI_HTTP_TYPES_METHOD_GET, "/notes"))
        return handle_list(store);
    if (request_is(request, WASI_HTTP_TYPES_METHOD_GET, "/notes/:key"))
        return handle_get(store, request);
    if (request_is(request, WASI_HTTP_TYPES_METHOD_PUT, "/notes/:key"))
        return handle_set(store, request);
    if (request_is(request, WASI_HTTP_TYPES_METHOD_DELETE, "/notes/:key"))
        return handle_delete(store, request);
    return response_text(404, "not found");
}

response_t route(const request_t *request)
{
    if (request_is(request, WASI_HTTP_TYPES_METHOD_GET, "/hello/:name"))
        return handle_hello(request);

    app_string_t name;
    slight_keyvalue_compat_own_keyvalue_t store;
    keyvalue_error_t error;
    app_string_set(&name, "notes");
    if (!slight_keyvalue_compat_static_keyvalue_open(&name, &store, &error))
        return failed(&error);
    response_t answer = with_store(slight_keyvalue_compat_borrow_keyvalue(store), request);
    slight_keyvalue_compat_keyvalue_drop_own(store);
    return answer;
}
