// slt.h: strings, bytes, results and cleanup, over the types that wit-bindgen generates (`app.h`).
//
// It has no state and needs nothing but the C library. Copy it, change it, or do without it.
//
// Who frees what: a string is owned or borrowed, as in the bindings. What `slt_format`, `slt_copy`
// and `slt_append` make is owned: it is freed once, with `app_string_free`. Everything else here
// returns a view of the string that it was given, which lives as long as that string does. An empty
// string is never allocated. What is passed to a function of the bindings stays the caller's.
//
// It needs clang, gcc or zig: `__attribute__((cleanup))` and `__typeof__` are theirs.

#ifndef SLT_H
#define SLT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

// --- Ends --------------------------------------------------------------------------------------

// Says what is wrong and ends the instance. For what can only be a mistake in the program, or a
// lack of memory.
//
//     slt_fatal("%u is no state", state);
__attribute__((noreturn, format(printf, 1, 2))) static inline void slt_fatal(const char *format,
                                                                             ...)
{
    va_list arguments;
    fflush(stdout);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    fflush(stderr);
    abort();
}

// Ends the instance, with the place in the source, unless `call` is true.
//
//     SLT_EXPECT(wasi_http_types_method_incoming_request_consume(request, &body), "a body is taken
//     once");
#define SLT_EXPECT(call, why)                                                                      \
    do {                                                                                           \
        if (!(call)) {                                                                             \
            slt_fatal("%s:%d: %s", __FILE__, __LINE__, (why));                                     \
        }                                                                                          \
    } while (0)

// --- Results -----------------------------------------------------------------------------------

// Returns false unless `call` is true: for a function that returns `bool` and hands on the error
// that `call` has set.
//
//     SLT_TRY(wasi_keyvalue_store_method_bucket_set(bucket, &key, &value, error));
#define SLT_TRY(call)                                                                              \
    do {                                                                                           \
        if (!(call)) {                                                                             \
            return false;                                                                          \
        }                                                                                          \
    } while (0)

// --- Cleanup -----------------------------------------------------------------------------------

// A variable that is freed at the end of its block, however that is left: `TYPE_t`, by `TYPE_free`.
// It needs a value from the start, and `{0}` is one that needs no freeing. Variables are freed in
// the reverse of the order in which they are declared.
//
//     SLT_OWNED(app_string) key = slt_format("link/%d", 1);
//     SLT_OWNED(app_list_u8) value = {0};
#define SLT_OWNED(type) __attribute__((cleanup(type##_free), unused)) type##_t

// Makes `SLT_OWNED(INTERFACE_own_RESOURCE)` possible, which the bindings have no function for. Once
// a file, outside functions.
//
//     SLT_RESOURCE(wasi_keyvalue_store, bucket);
//     …
//     SLT_OWNED(wasi_keyvalue_store_own_bucket) bucket = {0};
#define SLT_RESOURCE(interface, resource)                                                          \
    static inline void interface##_own_##resource##_free(interface##_own_##resource##_t *owned)    \
    {                                                                                              \
        if (owned->__handle != 0) {                                                                \
            interface##_##resource##_drop_own(*owned);                                             \
            owned->__handle = 0;                                                                   \
        }                                                                                          \
    }                                                                                              \
    _Static_assert(sizeof(interface##_own_##resource##_t) == sizeof(int32_t), "a handle")

// The value of a variable, which is `{0}` from then on: someone else frees it.
//
//     *code = SLT_MOVE(text);
#define SLT_MOVE(variable)                                                                         \
    __extension__({                                                                                \
        __typeof__(variable) slt_moved = (variable);                                               \
        memset(&(variable), 0, sizeof(variable));                                                  \
        slt_moved;                                                                                 \
    })

// --- Strings: views ----------------------------------------------------------------------------

// A C string as a string of the bindings.
//
//     app_string_t name = slt_str("links");
static inline app_string_t slt_str(const char *text)
{
    return (app_string_t){(uint8_t *)text, strlen(text)};
}

// For `%.*s` in `printf` and `slt_format`, which end at a NUL byte if the string has one.
//
//     fprintf(stderr, "no such key: %.*s\n", SLT_ARG(key));
#define SLT_ARG(string) (int)(string).len, (const char *)(string).ptr

// Less than 0, 0 or more than 0, by bytes: as `strcmp`.
//
//     slt_compare(slt_str("a"), slt_str("ab")) < 0
static inline int slt_compare(app_string_t a, app_string_t b)
{
    size_t both = a.len < b.len ? a.len : b.len;
    int order = both == 0 ? 0 : memcmp(a.ptr, b.ptr, both);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

// Whether a string is this one.
//
//     if (slt_is(segment, "stats")) …
static inline bool slt_is(app_string_t string, const char *text)
{
    return slt_compare(string, slt_str(text)) == 0;
}

// A string without its first `count` bytes; empty, if it has no more than those.
//
//     slt_skip(slt_str("link/1"), 5)    // "1"
static inline app_string_t slt_skip(app_string_t string, size_t count)
{
    if (count >= string.len) {
        return (app_string_t){0};
    }
    return (app_string_t){string.ptr + count, string.len - count};
}

// The first `count` bytes of a string; all of it, if it has no more than those.
//
//     slt_first(slt_str("link/1"), 4)    // "link"
static inline app_string_t slt_first(app_string_t string, size_t count)
{
    return (app_string_t){string.ptr, count < string.len ? count : string.len};
}

// Whether a string begins with this.
//
//     slt_starts_with(url, "https://")
static inline bool slt_starts_with(app_string_t string, const char *prefix)
{
    return slt_is(slt_first(string, strlen(prefix)), prefix);
}

// Whether a string ends with this.
//
//     slt_ends_with(path, ".html")
static inline bool slt_ends_with(app_string_t string, const char *suffix)
{
    size_t len = strlen(suffix);
    return len <= string.len && slt_is(slt_skip(string, string.len - len), suffix);
}

// A string without the spaces, tabs and ends of lines at both of its ends.
//
//     slt_trim(slt_str(" a b \n"))    // "a b"
static inline app_string_t slt_trim(app_string_t string)
{
    static const char spaces[] = " \t\n\f\r";
    while (string.len > 0 && memchr(spaces, string.ptr[0], sizeof spaces - 1) != NULL) {
        string = slt_skip(string, 1);
    }
    while (string.len > 0 &&
           memchr(spaces, string.ptr[string.len - 1], sizeof spaces - 1) != NULL) {
        string.len -= 1;
    }
    return string;
}

// Splits a string at the first `separator`. False if there is none.
//
//     slt_split_once(slt_str("key=value"), '=', &name, &value)
static inline bool slt_split_once(app_string_t string, char separator, app_string_t *before,
                                  app_string_t *after)
{
    const uint8_t *at = string.len == 0 ? NULL : memchr(string.ptr, separator, string.len);
    if (at == NULL) {
        return false;
    }
    size_t index = (size_t)(at - string.ptr);
    *before = slt_first(string, index);
    *after = slt_skip(string, index + 1);
    return true;
}

// Takes the next piece, up to a `separator`, from what is left of a string. False if nothing is
// left; so an empty string has no pieces, and a separator at the end begins none.
//
//     app_string_t rest = text, line;
//     while (slt_next(&rest, '\n', &line)) …
static inline bool slt_next(app_string_t *rest, char separator, app_string_t *piece)
{
    if (rest->len == 0) {
        return false;
    }
    if (!slt_split_once(*rest, separator, piece, rest)) {
        *piece = *rest;
        *rest = (app_string_t){0};
    }
    return true;
}

// Reads a number in decimal: digits only, at least one, not above `UINT64_MAX`. Else it is false,
// and `number` stays as it is.
//
//     uint64_t visits;
//     if (!slt_parse_u64(text, &visits)) …
static inline bool slt_parse_u64(app_string_t string, uint64_t *number)
{
    uint64_t read = 0;
    for (size_t i = 0; i < string.len; i++) {
        uint8_t digit = (uint8_t)(string.ptr[i] - '0');
        if (digit > 9 || read > (UINT64_MAX - digit) / 10) {
            return false;
        }
        read = read * 10 + digit;
    }
    if (string.len == 0) {
        return false;
    }
    *number = read;
    return true;
}

// --- Strings: owned ----------------------------------------------------------------------------

// Memory, or the end of the instance.
static inline uint8_t *slt_reallocate(uint8_t *memory, size_t len)
{
    uint8_t *grown = realloc(memory, len);
    if (grown == NULL) {
        slt_fatal("there is no memory for %zu bytes", len);
    }
    return grown;
}

// A string by the rules of `printf`. (A NUL follows it, so that `ptr` can be used as a C string,
// unless it is empty.)
//
//     SLT_OWNED(app_string) key = slt_format("visits/%.*s", SLT_ARG(code));
__attribute__((format(printf, 1, 2))) static inline app_string_t slt_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (len < 0) {
        slt_fatal("`%s` can't be formatted", format);
    }
    if (len == 0) {
        return (app_string_t){0};
    }
    uint8_t *text = slt_reallocate(NULL, (size_t)len + 1);
    va_start(arguments, format);
    vsnprintf((char *)text, (size_t)len + 1, format, arguments);
    va_end(arguments);
    return (app_string_t){text, (size_t)len};
}

// Appends bytes to owned ones. Room is made for a power of two, so that many small pieces are not
// copied each time.
static inline void slt_append_raw(uint8_t **ptr, size_t *len, const uint8_t *more, size_t more_len)
{
    if (more_len == 0) {
        return;
    }
    if (more_len > SIZE_MAX / 2 - *len) {
        slt_fatal("%zu and %zu bytes are too many", *len, more_len);
    }
    size_t room = 16;
    while (room < *len + more_len) {
        room *= 2;
    }
    *ptr = slt_reallocate(*len == 0 ? NULL : *ptr, room);
    memcpy(*ptr + *len, more, more_len);
    *len += more_len;
}

// Appends to an owned string, which may be `{0}`. `more` must not be a part of it.
//
//     SLT_OWNED(app_string) lines = {0};
//     slt_append(&lines, slt_str("first\n"));
static inline void slt_append(app_string_t *owned, app_string_t more)
{
    slt_append_raw(&owned->ptr, &owned->len, more.ptr, more.len);
}

// A copy.
//
//     answer.body = slt_copy(slt_str("hello"));
static inline app_string_t slt_copy(app_string_t string)
{
    app_string_t copy = {0};
    slt_append(&copy, string);
    return copy;
}

// --- Bytes -------------------------------------------------------------------------------------

// A string as bytes.
//
//     app_list_u8_t value = slt_bytes(text);
static inline app_list_u8_t slt_bytes(app_string_t string)
{
    return (app_list_u8_t){string.ptr, string.len};
}

// Bytes as a string, as they are. What is handed to a function of the bindings as a string must be
// UTF-8, or the call traps: for that, see `slt_utf8`.
//
//     app_string_t body = slt_trim(slt_text(request->body));
static inline app_string_t slt_text(app_list_u8_t bytes)
{
    return (app_string_t){bytes.ptr, bytes.len};
}

// Bytes as a string, if they are UTF-8 (by RFC 3629: nothing overlong, no surrogates, nothing above
// U+10FFFF).
//
//     if (!slt_utf8(value, &text)) …
static inline bool slt_utf8(app_list_u8_t bytes, app_string_t *string)
{
    size_t i = 0;
    while (i < bytes.len) {
        uint8_t lead = bytes.ptr[i];
        // How many bytes follow, and which the first of these can be.
        size_t more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || more >= bytes.len - i) {
            return false;
        }
        for (size_t k = 1; k <= more; k++) {
            uint8_t byte = bytes.ptr[i + k];
            if (byte < least || byte > most) {
                return false;
            }
            least = 0x80;
            most = 0xBF;
        }
        i += more + 1;
    }
    *string = slt_text(bytes);
    return true;
}

// Appends to owned bytes, which may be `{0}`. `more` must not be a part of them.
//
//     slt_append_bytes(&body, chunk);
static inline void slt_append_bytes(app_list_u8_t *owned, app_list_u8_t more)
{
    slt_append_raw(&owned->ptr, &owned->len, more.ptr, more.len);
}

// --- Errors of interfaces ----------------------------------------------------------------------

#ifdef WASI_KEYVALUE_STORE_ERROR_OTHER
// What an error of `wasi:keyvalue` says. (Its other interfaces have the same error.)
//
//     fprintf(stderr, "the store failed: %.*s\n", SLT_ARG(slt_keyvalue_error(&error)));
static inline app_string_t slt_keyvalue_error(const wasi_keyvalue_store_error_t *error)
{
    switch (error->tag) {
    case WASI_KEYVALUE_STORE_ERROR_NO_SUCH_STORE:
        return slt_str("there is no such store");
    case WASI_KEYVALUE_STORE_ERROR_ACCESS_DENIED:
        return slt_str("access is denied");
    default:
        return error->val.other;
    }
}
#endif

#endif
