/* What the C tests share: a check that tells its line, and a few shortcuts. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lb.h"

#define CHECK(condition)                                                             \
    do {                                                                             \
        if (!(condition)) {                                                          \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);          \
            exit(1);                                                                 \
        }                                                                            \
    } while (0)

/* A call that has to work: its error is shown. */
#define WORKS(call, error)                                                                           \
    do {                                                                                             \
        lb_status works_status = (call);                                                             \
        if (works_status != LB_OK) {                                                                 \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, lb_status_name(works_status),     \
                    lb_error_text(error));                                                           \
            exit(1);                                                                                 \
        }                                                                                            \
    } while (0)

/* A call that has to fail with this status and a text that has this in it. */
#define FAILS(call, status, part, error)                                                             \
    do {                                                                                             \
        lb_status fails_status = (call);                                                             \
        if (fails_status != (status) || lb_error_code(error) != (status) ||                          \
            !strstr(lb_error_text(error), part)) {                                                   \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, lb_status_name(fails_status),     \
                    lb_error_text(error));                                                           \
            exit(1);                                                                                 \
        }                                                                                            \
        lb_error_free(error);                                                                        \
        error = NULL;                                                                                \
    } while (0)

#endif
