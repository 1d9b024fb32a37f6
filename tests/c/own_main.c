// A program with a `main` of its own, which takes the checks of the header only.

#define SLT_TEST_WITHOUT_MAIN
#include "slt_test.h"

int main(int argc, char **argv)
{
    printf("%s\n", argv[0]);
    CHECK_EQ_INT(argc, 1);
    return 0;
}
