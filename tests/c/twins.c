// Two tests with one name, in two files: this is linked with itself.

#include "slt_test.h"

int dropped __attribute__((weak)) = 0;

TEST(a_test)
{
    CHECK(true);
}
