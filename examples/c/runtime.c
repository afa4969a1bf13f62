/* Asks and changes a running load balancer: commands as text, servers as calls, statistics as JSON. */
#include <stdio.h>
#include <stdlib.h>

#include "lb.h"

static const char *const CONFIG =
    "defaults\n"
    "    mode http\n"
    "    timeout client 10s\n"
    "    timeout connect 1s\n"
    "    timeout server 10s\n"
    "backend app\n"
    "    balance roundrobin\n"
    "    server s1 127.0.0.1:9001\n";

/* Ends the program where a call fails. */
static void must(lb_status status, lb_error *error) {
    if (status != LB_OK) {
        fprintf(stderr, "%s: %s\n", lb_status_name(status), lb_error_text(error));
        lb_error_free(error);
        exit(1);
    }
}

static void command(const lb_proxy *proxy, const char *text) {
    char *reply = NULL;
    lb_error *error = NULL;

    must(lb_proxy_command(proxy, text, &reply, &error), error);
    printf("> %s\n%s\n", text, reply);
    lb_string_free(reply);
}

int main(void) {
    lb_server server = LB_SERVER_INIT;
    lb_proxy *proxy = NULL;
    lb_error *error = NULL;
    char *json = NULL;

    must(lb_proxy_start_text("runtime.cfg", CONFIG, NULL, &proxy, &error), error);
    command(proxy, "show backend");

    server.name = "s2";
    server.address = "127.0.0.1:9002";
    server.weight = 10;
    must(lb_proxy_add_server(proxy, "app", &server, &error), error);
    must(lb_proxy_set_server_weight(proxy, "app", "s2", 20, &error), error);
    must(lb_proxy_set_server_state(proxy, "app", "s1", LB_SERVER_STATE_DRAIN, &error), error);
    command(proxy, "show servers state app");
    must(lb_proxy_delete_server(proxy, "app", "s2", 1000, &error), error);

    /* What is refused has HAProxy's text, and a number to compare. */
    if (lb_proxy_command(proxy, "set weight app/s9 5", NULL, &error) == LB_ERR_COMMAND_NOT_FOUND)
        printf("refused: %s\n", lb_error_text(error));
    lb_error_free(error);
    error = NULL;

    must(lb_proxy_stats_json(proxy, &json, &error), error);
    printf("%.60s...\n", json);
    lb_string_free(json);

    lb_proxy_free(proxy);
    return 0;
}
