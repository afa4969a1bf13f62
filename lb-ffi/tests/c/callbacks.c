/* Callbacks: what they are told, in which order, what they may do, and what happens when they take their time. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "check.h"

typedef struct {
    atomic_int started, stopping, stopped, warnings, down, up, total;
    atomic_ulong lost;
    atomic_int after_stopped;
    pthread_t thread;
} seen;

static void count(void *user_data, const lb_event *event) {
    seen *all = user_data;

    CHECK(event->struct_size == sizeof *event);
    CHECK(event->proxy && event->text && event->time_us > 1500000000ull * 1000000ull);
    if (atomic_fetch_add(&all->total, 1) == 0)
        all->thread = pthread_self();
    CHECK(pthread_equal(all->thread, pthread_self()));
    all->after_stopped += all->stopped;
    all->lost += event->lost;
    switch (event->kind) {
    case LB_EVENT_STARTED:
        all->started++;
        break;
    case LB_EVENT_STOPPING:
        all->stopping++;
        break;
    case LB_EVENT_STOPPED:
        all->stopped++;
        CHECK(lb_proxy_is_finished(event->proxy));
        break;
    case LB_EVENT_WARNING:
        CHECK(!all->started && strstr(event->text, "missing timeouts"));
        all->warnings++;
        break;
    case LB_EVENT_SERVER_DOWN:
        CHECK(!strcmp(event->backend, "app") && !strcmp(event->server, "s1"));
        CHECK(strstr(event->text, "Server app/s1 is DOWN") && event->severity == 1);
        all->down++;
        break;
    case LB_EVENT_NO_SERVER:
        CHECK(!strcmp(event->backend, "app") && event->severity == 0);
        break;
    default:
        break;
    }
}

static const char *const CONFIG =
    "global\n nbthread 2\n"
    "backend app\n mode http\n server s1 127.0.0.1:1 check inter 20ms fall 1\n";

static lb_proxy *start(lb_start_options *options) {
    lb_proxy *proxy = NULL;
    lb_error *error = NULL;

    WORKS(lb_proxy_start_text("a.cfg", CONFIG, options, &proxy, &error), error);
    return proxy;
}

static void until(atomic_int *value) {
    int tries;

    for (tries = 0; !*value && tries < 20000; tries++)
        usleep(1000);
    CHECK(*value);
}

/* From the first warning to the end, each told once. */
static void a_life(void) {
    static seen all;
    lb_start_options options = LB_START_OPTIONS_INIT;
    lb_proxy *proxy;

    options.on_event = count;
    options.user_data = &all;
    proxy = start(&options);
    until(&all.down);
    CHECK(lb_proxy_stop(proxy, NULL) == LB_OK);
    CHECK(lb_proxy_stop(proxy, NULL) == LB_OK);
    until(&all.stopped);
    lb_proxy_free(proxy);
    CHECK(all.started == 1 && all.stopping == 1 && all.stopped == 1 && all.warnings == 1 && all.down == 1);
    CHECK(all.after_stopped == 0 && all.lost == 0);
    CHECK(!pthread_equal(all.thread, pthread_self()));
}

/* Freed while it runs: everything is told before lb_proxy_free() returns. */
static void freed_at_once(void) {
    seen all;
    lb_start_options options = LB_START_OPTIONS_INIT;

    memset(&all, 0, sizeof all);
    options.on_event = count;
    options.user_data = &all;
    lb_proxy_free(start(&options));
    CHECK(all.started == 1 && all.stopping == 1 && all.stopped == 1);
}

/* A callback calls the library: commands, another instance, and the end of its own instance. */
static void call_back(void *user_data, const lb_event *event) {
    atomic_int *done = user_data;
    lb_proxy *other = NULL;
    char *reply = NULL;

    if (event->kind == LB_EVENT_STARTED) {
        CHECK(lb_proxy_command(event->proxy, "show backend", &reply, NULL) == LB_OK);
        CHECK(!strcmp(reply, "# name\napp\n"));
        lb_string_free(reply);
        CHECK(lb_proxy_start_text("b.cfg", CONFIG, NULL, &other, NULL) == LB_OK);
        lb_proxy_free(other);
        CHECK(lb_proxy_drain(event->proxy, 0, NULL, NULL) == LB_OK);
        CHECK(lb_proxy_stop(event->proxy, NULL) == LB_OK);
        CHECK(lb_proxy_wait(event->proxy, NULL) == LB_OK);
        CHECK(lb_proxy_is_finished(event->proxy));
    }
    if (event->kind == LB_EVENT_STOPPED)
        *done = 1;
}

static void callbacks_call_back(void) {
    atomic_int done = 0;
    lb_start_options options = LB_START_OPTIONS_INIT;
    lb_proxy *proxy;

    options.on_event = call_back;
    options.user_data = &done;
    proxy = start(&options);
    CHECK(lb_proxy_wait(proxy, NULL) == LB_OK);
    until(&done);
    lb_proxy_free(proxy);
}

/* A callback that does not return for long holds up nobody: what has no room is lost and counted. */
static atomic_int blocked, released;
static atomic_ulong lost;

static void block(void *user_data, const lb_event *event) {
    (void)user_data;
    lost += event->lost;
    if (event->kind == LB_EVENT_STARTED) {
        blocked = 1;
        until(&released);
    }
}

static void slow_callbacks_lose(void) {
    lb_start_options options = LB_START_OPTIONS_INIT;
    lb_proxy *proxy;

    options.on_event = block;
    options.queue = 1;
    proxy = start(&options);
    until(&blocked);
    CHECK(lb_proxy_soft_stop(proxy, NULL) == LB_OK);
    CHECK(lb_proxy_wait(proxy, NULL) == LB_OK);
    released = 1;
    lb_proxy_free(proxy);
}

/* Many threads on one instance, and many instances. */
static void *use(void *argument) {
    const lb_proxy *proxy = argument;
    int round;

    for (round = 0; round < 50; round++) {
        char *reply = NULL;
        CHECK(lb_proxy_command(proxy, "show backend", &reply, NULL) == LB_OK);
        lb_string_free(reply);
        CHECK(lb_proxy_command(proxy, "nonsense", &reply, NULL) == LB_ERR_COMMAND_UNKNOWN);
        if (round == 25)
            CHECK(lb_proxy_stop(proxy, NULL) == LB_OK);
    }
    return NULL;
}

static void from_many_threads(void) {
    static seen all;
    lb_start_options options = LB_START_OPTIONS_INIT;
    lb_proxy *proxies[3];
    pthread_t threads[12];
    int index;

    options.on_event = count;
    options.user_data = &all;
    proxies[0] = start(&options);
    proxies[1] = start(NULL);
    proxies[2] = start(NULL);
    for (index = 0; index < 12; index++)
        CHECK(!pthread_create(&threads[index], NULL, use, proxies[index % 3]));
    for (index = 0; index < 12; index++)
        CHECK(!pthread_join(threads[index], NULL));
    for (index = 0; index < 3; index++)
        lb_proxy_free(proxies[index]);
    CHECK(all.stopping == 1 && all.stopped == 1);
}

int main(void) {
    a_life();
    freed_at_once();
    callbacks_call_back();
    slow_callbacks_lose();
    from_many_threads();
    puts("done");
    return 0;
}
