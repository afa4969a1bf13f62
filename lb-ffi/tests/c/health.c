/* What a program reports of the health of its servers, and the weights that it sets: events tell what comes of it. */
#include <stdatomic.h>

#include "check.h"

static atomic_int down, up, none;
static atomic_uint weight, effective;

static void on_event(void *user_data, const lb_event *event) {
    (void)user_data;
    switch (event->kind) {
    case LB_EVENT_SERVER_DOWN:
        CHECK(!strcmp(event->backend, "app") && !strcmp(event->server, "s1"));
        CHECK(!event->weight && !event->effective_weight);
        down++;
        break;
    case LB_EVENT_SERVER_UP:
        up++;
        break;
    case LB_EVENT_NO_SERVER:
        none++;
        break;
    case LB_EVENT_SERVER_WEIGHT:
        CHECK(!strcmp(event->server, "s1") && strstr(event->text, "has weight"));
        weight = event->weight;
        effective = event->effective_weight;
        break;
    default:
        break;
    }
}

static const char *const CONFIG =
    "backend app\n"
    " mode http\n"
    " server s1 127.0.0.1:1 weight 10 slowstart 1h\n"
    " server s2 127.0.0.1:1 disabled\n"
    " server s3 127.0.0.1:1 disabled check inter 1h\n"
    " server s4 127.0.0.1:1 track s3\n";

/* Waits for what another thread is to tell. */
#define COMES(condition)                     \
    do {                                     \
        int patience;                        \
        for (patience = 0; !(condition); patience++) { \
            CHECK(patience < 20000);         \
            usleep(1000);                    \
        }                                    \
    } while (0)

int main(void) {
    lb_start_options options = LB_START_OPTIONS_INIT;
    lb_proxy *proxy = NULL;
    lb_error *error = NULL;
    int failed;

    options.on_event = on_event;
    WORKS(lb_proxy_start_text("health.cfg", CONFIG, &options, &proxy, &error), error);

    /* Three failures in a row take it down, `fall` being 3 by default. */
    for (failed = 0; failed < 3; failed++) {
        CHECK(!down);
        WORKS(lb_proxy_report_server_health(proxy, "app", "s1", LB_HEALTH_FAILED, "queue is full", &error), error);
    }
    COMES(down == 1 && none == 1);

    /* Two that passed bring it back, little by little: `slowstart`. */
    WORKS(lb_proxy_report_server_health(proxy, "app", "s1", LB_HEALTH_PASSED, NULL, &error), error);
    CHECK(!up);
    WORKS(lb_proxy_report_server_health(proxy, "app", "s1", LB_HEALTH_PASSED, NULL, &error), error);
    COMES(up == 1 && weight == 10 && effective == 1);
    WORKS(lb_proxy_set_server_weight(proxy, "app", "s1", 160, &error), error);
    COMES(weight == 160 && effective == 10);

    WORKS(lb_proxy_report_server_health(proxy, "app", "s1", LB_HEALTH_DOWN, NULL, &error), error);
    COMES(down == 2 && none == 2);
    WORKS(lb_proxy_report_server_health(proxy, "app", "s1", LB_HEALTH_UP, NULL, &error), error);
    COMES(up == 2);

    FAILS(lb_proxy_report_server_health(proxy, "app", "s1", 77, NULL, &error), LB_ERR_ARGUMENT, "77", error);
    FAILS(lb_proxy_report_server_health(proxy, "app", "none", LB_HEALTH_UP, NULL, &error), LB_ERR_COMMAND_NOT_FOUND,
          "No such server", error);
    FAILS(lb_proxy_report_server_health(proxy, "app", "s4", LB_HEALTH_UP, NULL, &error), LB_ERR_COMMAND_STATE,
          "tracking server", error);
    lb_proxy_free(proxy);
    puts("done");
    return 0;
}
