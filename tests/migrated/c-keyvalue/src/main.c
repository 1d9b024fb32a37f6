// A key-value client: `STORE set KEY VALUE`, `STORE get KEY`, `STORE keys`, `STORE delete KEY`.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

// Every case of the error has a string in the same place.
static int failed(const char *what, slight_keyvalue_compat_keyvalue_error_t *error)
{
    fprintf(stderr, "%s failed: %.*s\n", what, (int)error->val.unexpected_error.len,
            (const char *)error->val.unexpected_error.ptr);
    slight_keyvalue_compat_keyvalue_error_free(error);
    return 1;
}

static int get(slight_keyvalue_compat_borrow_keyvalue_t store, const char *name)
{
    app_string_t key;
    app_list_u8_t value;
    slight_keyvalue_compat_keyvalue_error_t error;
    app_string_set(&key, name);
    if (!slight_keyvalue_compat_method_keyvalue_get(store, &key, &value, &error)) {
        if (error.tag != SLIGHT_KEYVALUE_COMPAT_KEYVALUE_ERROR_KEY_NOT_FOUND)
            return failed("get", &error);
        printf("%s is not there\n", name);
        slight_keyvalue_compat_keyvalue_error_free(&error);
        return 0;
    }
    printf("%s = %.*s\n", name, (int)value.len, (const char *)value.ptr);
    app_list_u8_free(&value);
    return 0;
}

static int set(slight_keyvalue_compat_borrow_keyvalue_t store, const char *name, char *text)
{
    app_string_t key;
    app_list_u8_t value = {.ptr = (uint8_t *)text, .len = strlen(text)};
    slight_keyvalue_compat_keyvalue_error_t error;
    app_string_set(&key, name);
    if (!slight_keyvalue_compat_method_keyvalue_set(store, &key, &value, &error))
        return failed("set", &error);
    return 0;
}

static int keys(slight_keyvalue_compat_borrow_keyvalue_t store)
{
    app_list_string_t all;
    slight_keyvalue_compat_keyvalue_error_t error;
    if (!slight_keyvalue_compat_method_keyvalue_keys(store, &all, &error))
        return failed("keys", &error);
    for (size_t i = 0; i < all.len; i++)
        printf("%.*s\n", (int)all.ptr[i].len, (const char *)all.ptr[i].ptr);
    app_list_string_free(&all);
    return 0;
}

static int delete_key(slight_keyvalue_compat_borrow_keyvalue_t store, const char *name)
{
    app_string_t key;
    slight_keyvalue_compat_keyvalue_error_t error;
    app_string_set(&key, name);
    if (!slight_keyvalue_compat_method_keyvalue_delete(store, &key, &error))
        return failed("delete", &error);
    return 0;
}

static int run(slight_keyvalue_compat_borrow_keyvalue_t store, int argc, char *argv[])
{
    if (argc == 5 && strcmp(argv[2], "set") == 0)
        return set(store, argv[3], argv[4]);
    if (argc == 4 && strcmp(argv[2], "get") == 0)
        return get(store, argv[3]);
    if (argc == 3 && strcmp(argv[2], "keys") == 0)
        return keys(store);
    if (argc == 4 && strcmp(argv[2], "delete") == 0)
        return delete_key(store, argv[3]);
    fprintf(stderr, "set KEY VALUE, get KEY, keys, or delete KEY\n");
    return 1;
}

int main(int argc, char *argv[])
{
    app_string_t name;
    slight_keyvalue_compat_own_keyvalue_t store;
    slight_keyvalue_compat_keyvalue_error_t error;
    if (argc < 2) {
        fprintf(stderr, "which store?\n");
        return 1;
    }
    app_string_set(&name, argv[1]);
    if (!slight_keyvalue_compat_static_keyvalue_open(&name, &store, &error))
        return failed("open", &error);
    int status = run(slight_keyvalue_compat_borrow_keyvalue(store), argc, argv);
    slight_keyvalue_compat_keyvalue_drop_own(store);
    return status;
}
