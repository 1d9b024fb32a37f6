// The links, in the store that the slightfile calls `links`.
//
// `link/CODE` holds the time at which a link expires and its URL; `visits/CODE` and `last` are
// counters. Times are seconds since 1970. A function that returns `bool` has set its `error` if
// that is false.

#ifndef LINKS_H
#define LINKS_H

#include "slt.h"

// How long a link works, in seconds.
#define LIFETIME_SECONDS ((uint64_t)30 * 24 * 60 * 60)

// The longest URL that is taken, in bytes.
#define MAX_URL_BYTES ((size_t)2048)

typedef wasi_keyvalue_store_error_t store_error_t;

// The links.
typedef struct {
    wasi_keyvalue_store_own_bucket_t bucket;
} links_t;

typedef struct {
    app_string_t code;
    app_string_t url;
} link_t;

typedef struct {
    link_t *ptr;
    size_t len;
} link_list_t;

// Opens the store.
bool links_open(links_t *links, store_error_t *error);

// Adds a link and returns its code.
bool links_add(const links_t *links, app_string_t url, uint64_t now, app_string_t *code,
               store_error_t *error);

// Where a link leads. The visit is counted.
bool links_visit(const links_t *links, app_string_t code, uint64_t now, app_option_string_t *url,
                 store_error_t *error);

// How often a link was visited.
bool links_visits(const links_t *links, app_string_t code, uint64_t now, app_option_u64_t *visits,
                  store_error_t *error);

// Removes a link, if it is there.
bool links_remove(const links_t *links, app_string_t code, store_error_t *error);

// All links, in the order of their codes.
bool links_list(const links_t *links, uint64_t now, link_list_t *list, store_error_t *error);

void links_free(links_t *links);
void link_list_free(link_list_t *list);
void store_error_free(store_error_t *error);

// The code of the nth link: 1 is "1", 36 is "10".
app_string_t link_code(uint64_t n);

// The URL in a request's body, as a view of it, and NULL; or what is wrong with it.
const char *check_url(app_list_u8_t body, app_string_t *url);

#endif
