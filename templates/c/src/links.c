#include "links.h"

#include <inttypes.h>

bool links_open(links_t *links, store_error_t *error)
{
    app_string_t name = slt_str("links");
    return wasi_keyvalue_store_open(&name, &links->bucket, error);
}

void links_free(links_t *links)
{
    if (links->bucket.__handle != 0) {
        wasi_keyvalue_store_bucket_drop_own(links->bucket);
    }
}

static wasi_keyvalue_store_borrow_bucket_t bucket_of(const links_t *links)
{
    return wasi_keyvalue_store_borrow_bucket(links->bucket);
}

// Fails: the value of a key is none that this application wrote.
static bool foreign(app_string_t key, store_error_t *error)
{
    error->tag = WASI_KEYVALUE_STORE_ERROR_OTHER;
    error->val.other = slt_format("`%.*s` holds what this application did not write", SLT_ARG(key));
    return false;
}

// The URL in a stored value, as a view of it, unless it has expired.
static bool decode(app_string_t key, app_list_u8_t value, uint64_t now, app_option_string_t *url,
                   store_error_t *error)
{
    app_string_t text, until;
    uint64_t expires;
    if (!slt_utf8(value, &text) || !slt_split_once(text, ' ', &until, &url->val) ||
        !slt_parse_u64(until, &expires)) {
        return foreign(key, error);
    }
    url->is_some = now < expires;
    return true;
}

static bool find(const links_t *links, app_string_t code, uint64_t now, app_option_string_t *url,
                 store_error_t *error)
{
    SLT_OWNED(app_string) key = slt_format("link/%.*s", SLT_ARG(code));
    SLT_OWNED(app_option_list_u8) value = {0};
    SLT_TRY(wasi_keyvalue_store_method_bucket_get(bucket_of(links), &key, &value, error));
    app_option_string_t found = {0};
    if (value.is_some) {
        SLT_TRY(decode(key, value.val, now, &found, error));
    }
    url->is_some = found.is_some;
    url->val = found.is_some ? slt_copy(found.val) : (app_string_t){0};
    return true;
}

bool links_add(const links_t *links, app_string_t url, uint64_t now, app_string_t *code,
               store_error_t *error)
{
    app_string_t last = slt_str("last");
    uint64_t n;
    SLT_TRY(wasi_keyvalue_atomics_increment(bucket_of(links), &last, 1, &n, error));
    SLT_OWNED(app_string) made = link_code(n);
    SLT_OWNED(app_string) key = slt_format("link/%.*s", SLT_ARG(made));
    uint64_t until = now + LIFETIME_SECONDS;
    SLT_OWNED(app_string) text = slt_format("%" PRIu64 " %.*s", until, SLT_ARG(url));
    app_list_u8_t value = slt_bytes(text);
    SLT_TRY(wasi_keyvalue_store_method_bucket_set(bucket_of(links), &key, &value, error));
    *code = SLT_MOVE(made);
    return true;
}

bool links_visit(const links_t *links, app_string_t code, uint64_t now, app_option_string_t *url,
                 store_error_t *error)
{
    SLT_OWNED(app_option_string) found = {0};
    SLT_TRY(find(links, code, now, &found, error));
    if (found.is_some) {
        SLT_OWNED(app_string) key = slt_format("visits/%.*s", SLT_ARG(code));
        uint64_t visits;
        SLT_TRY(wasi_keyvalue_atomics_increment(bucket_of(links), &key, 1, &visits, error));
    }
    *url = SLT_MOVE(found);
    return true;
}

bool links_visits(const links_t *links, app_string_t code, uint64_t now, app_option_u64_t *visits,
                  store_error_t *error)
{
    *visits = (app_option_u64_t){0};
    SLT_OWNED(app_option_string) found = {0};
    SLT_TRY(find(links, code, now, &found, error));
    if (!found.is_some) {
        return true;
    }
    visits->is_some = true;
    SLT_OWNED(app_string) key = slt_format("visits/%.*s", SLT_ARG(code));
    SLT_OWNED(app_option_list_u8) value = {0};
    SLT_TRY(wasi_keyvalue_store_method_bucket_get(bucket_of(links), &key, &value, error));
    // `increment` keeps its numbers in decimal.
    if (value.is_some && !slt_parse_u64(slt_text(value.val), &visits->val)) {
        return foreign(key, error);
    }
    return true;
}

bool links_remove(const links_t *links, app_string_t code, store_error_t *error)
{
    SLT_OWNED(app_string) link = slt_format("link/%.*s", SLT_ARG(code));
    SLT_OWNED(app_string) visits = slt_format("visits/%.*s", SLT_ARG(code));
    app_list_string_t keys = {(app_string_t[]){link, visits}, 2};
    return wasi_keyvalue_batch_delete_many(bucket_of(links), &keys, error);
}

// Appends the links of one page of keys.
static bool append_page(const links_t *links, app_list_string_t keys, uint64_t now,
                        link_list_t *list, store_error_t *error)
{
    // The keys of links come first, then the others: they are all freed with the page.
    app_list_string_t wanted = {keys.ptr, 0};
    for (size_t i = 0; i < keys.len; i++) {
        if (slt_starts_with(keys.ptr[i], "link/")) {
            app_string_t key = keys.ptr[i];
            keys.ptr[i] = keys.ptr[wanted.len];
            keys.ptr[wanted.len++] = key;
        }
    }
    SLT_OWNED(app_list_option_tuple2_string_list_u8) values = {0};
    SLT_TRY(wasi_keyvalue_batch_get_many(bucket_of(links), &wanted, &values, error));
    if (values.len == 0) {
        return true;
    }
    link_t *grown = realloc(list->ptr, (list->len + values.len) * sizeof *grown);
    if (grown == NULL) {
        slt_fatal("there is no memory for %zu links", list->len + values.len);
    }
    list->ptr = grown;
    for (size_t i = 0; i < values.len; i++) {
        app_tuple2_string_list_u8_t *entry = &values.ptr[i].val;
        app_option_string_t url = {0};
        if (values.ptr[i].is_some) {
            SLT_TRY(decode(entry->f0, entry->f1, now, &url, error));
        }
        if (url.is_some) {
            app_string_t code = slt_skip(entry->f0, strlen("link/"));
            list->ptr[list->len++] = (link_t){slt_copy(code), slt_copy(url.val)};
        }
    }
    return true;
}

static int by_code(const void *a, const void *b)
{
    return slt_compare(((const link_t *)a)->code, ((const link_t *)b)->code);
}

bool links_list(const links_t *links, uint64_t now, link_list_t *list, store_error_t *error)
{
    SLT_OWNED(link_list) all = {0};
    app_option_u64_t cursor = {0};
    do {
        SLT_OWNED(wasi_keyvalue_store_key_response) page = {0};
        SLT_TRY(wasi_keyvalue_store_method_bucket_list_keys(
            bucket_of(links), cursor.is_some ? &cursor.val : NULL, &page, error));
        SLT_TRY(append_page(links, page.keys, now, &all, error));
        cursor = page.cursor;
    } while (cursor.is_some);
    if (all.len > 0) {
        qsort(all.ptr, all.len, sizeof *all.ptr, by_code);
    }
    *list = SLT_MOVE(all);
    return true;
}

void link_list_free(link_list_t *list)
{
    for (size_t i = 0; i < list->len; i++) {
        app_string_free(&list->ptr[i].code);
        app_string_free(&list->ptr[i].url);
    }
    free(list->ptr);
}

void store_error_free(store_error_t *error)
{
    wasi_keyvalue_store_error_free(error);
}

app_string_t link_code(uint64_t n)
{
    char digits[14] = {0}; // 36^13 is above 2^64
    char *first = &digits[sizeof digits - 1];
    do {
        *--first = "0123456789abcdefghijklmnopqrstuvwxyz"[n % 36];
        n /= 36;
    } while (n > 0);
    return slt_copy(slt_str(first));
}

const char *check_url(app_list_u8_t body, app_string_t *url)
{
    app_string_t text = slt_trim(slt_text(body));
    if (text.len > MAX_URL_BYTES) {
        return "that URL is too long";
    }
    if (!slt_starts_with(text, "http://") && !slt_starts_with(text, "https://")) {
        return "only http:// and https:// can be shortened";
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~') {
            return "a URL has no spaces, and only ASCII characters";
        }
    }
    *url = text;
    return NULL;
}
