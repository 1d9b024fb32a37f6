// What wit-bindgen generates, as far as `slt.h` needs it: for tests of it as a native program,
// where a sanitizer can look on. The types and the functions are those of wit-bindgen-c 0.63.0.

#ifndef __BINDINGS_APP_H
#define __BINDINGS_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct app_string_t {
    uint8_t *ptr;
    size_t len;
} app_string_t;

typedef struct {
    uint8_t *ptr;
    size_t len;
} app_list_u8_t;

typedef struct wasi_keyvalue_store_error_t {
    uint8_t tag;
    union {
        app_string_t other;
    } val;
} wasi_keyvalue_store_error_t;

#define WASI_KEYVALUE_STORE_ERROR_NO_SUCH_STORE 0
#define WASI_KEYVALUE_STORE_ERROR_ACCESS_DENIED 1
#define WASI_KEYVALUE_STORE_ERROR_OTHER 2

typedef struct wasi_keyvalue_store_own_bucket_t {
    int32_t __handle;
} wasi_keyvalue_store_own_bucket_t;

// The handles that were dropped, one after the other, as decimal digits behind a 9.
extern int dropped;

static inline void wasi_keyvalue_store_bucket_drop_own(wasi_keyvalue_store_own_bucket_t handle)
{
    dropped = dropped * 10 + handle.__handle;
}

static inline void app_list_u8_free(app_list_u8_t *ptr)
{
    if (ptr->len > 0) {
        free(ptr->ptr);
    }
}

static inline void app_string_free(app_string_t *ret)
{
    if (ret->len > 0) {
        free(ret->ptr);
    }
    ret->ptr = NULL;
    ret->len = 0;
}

#endif
