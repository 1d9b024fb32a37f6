// A program without a test: the only one is compiled out.

#include "slt_test.h"

#ifdef WITH_A_TEST
TEST(a_test)
{
    CHECK(true);
}
#endif
