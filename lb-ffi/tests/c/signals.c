/* The host's signals stay the host's. */
#include <pthread.h>
#include <signal.h>
#include <dirent.h>
#include <unistd.h>

#include "check.h"

static pthread_t taker;
static volatile sig_atomic_t taken;

static void take(int signal) {
    (void)signal;
    taker = pthread_self();
    taken++;
}

/* The blocked signals of a thread, as the system tells them. */
static unsigned long long blocked(const char *thread) {
    char path[300], line[200];
    unsigned long long mask = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%s/status", thread);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "SigBlk: %llx", &mask);
    if (file)
        fclose(file);
    return mask;
}

static unsigned long long bit(int signal) {
    return 1ull << (signal - 1);
}

static void on_event(void *user_data, const lb_event *event) {
    (void)user_data;
    (void)event;
}

int main(void) {
    struct sigaction action;
    lb_start_options options = LB_START_OPTIONS_INIT;
    lb_builder *builder = lb_builder_new();
    lb_section *web = lb_builder_listen(builder, "web", LB_MODE_TCP);
    lb_server server = LB_SERVER_INIT;
    lb_proxy *proxy = NULL;
    lb_error *error = NULL;
    DIR *threads;
    struct dirent *entry;
    sigset_t mask;
    char own[32];
    int count = 0, round;

    memset(&action, 0, sizeof action);
    action.sa_handler = take;
    CHECK(!sigaction(SIGUSR1, &action, NULL));
    CHECK(!sigaction(SIGTERM, &action, NULL));

    options.on_event = on_event;
    server.name = "s1";
    server.address = "127.0.0.1:1";
    server.flags = LB_SERVER_CHECK;
    lb_builder_threads(builder, 2);
    lb_section_bind(web, "127.0.0.1:0");
    lb_section_server(web, &server);
    WORKS(lb_builder_start(builder, &options, &proxy, &error), error);
    lb_builder_free(builder);

    /* Workers, checks and callbacks block what is the host's; what a fault raises they do not. */
    snprintf(own, sizeof own, "%d", (int)getpid());
    threads = opendir("/proc/self/task");
    CHECK(threads);
    while ((entry = readdir(threads))) {
        if (entry->d_name[0] == '.' || !strcmp(entry->d_name, own))
            continue;
        count++;
        /* The system's library blocks everything while a thread begins. */
        while (blocked(entry->d_name) & bit(SIGSEGV))
            usleep(1000);
        CHECK(blocked(entry->d_name) & bit(SIGPIPE));
        CHECK(blocked(entry->d_name) & bit(SIGTERM));
        CHECK(blocked(entry->d_name) & bit(SIGUSR1));
    }
    closedir(threads);
    CHECK(count >= 4);

    /* The handler and the mask of the host are as they were. */
    CHECK(!pthread_sigmask(SIG_BLOCK, NULL, &mask));
    CHECK(!sigismember(&mask, SIGPIPE) && !sigismember(&mask, SIGTERM));
    for (round = 0; round < 20; round++)
        kill(getpid(), round % 2 ? SIGUSR1 : SIGTERM);
    while (taken < 2)
        usleep(1000);
    CHECK(pthread_equal(taker, pthread_self()));

    lb_proxy_free(proxy);
    CHECK(!sigaction(SIGPIPE, NULL, &action) && action.sa_handler == SIG_DFL);
    puts("done");
    return 0;
}
