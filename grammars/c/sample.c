/*
 * Keeps a ring of samples.
 */
#include <stdio.h>
#include "ring.h"

#define RING_SIZE 16
#define NEXT(i) \
    (((i) + 1) % RING_SIZE)
#ifndef RING_H
#define RING_H
#endif

typedef int (*visitor)(struct sample *s, void *data);

typedef struct {
    int value;
    long when;
} stamp_t;

/* One measured value. */
struct sample {
    double value;
    struct sample *next;
};

enum mode { MODE_READ, MODE_WRITE };

typedef unsigned int count_t;

static int compare(const void *a, const void *b);
extern char *ring_name(int id);

static const struct handler handlers[] = {
    { "read", on_read },
    { .name = "write", .run = on_write },
};

int total = 0;

// Adds a sample.
int
ring_add(struct ring *r, double value)
{
    struct sample *s = malloc(sizeof(*s));
    if (s == NULL)
        return -1;
    s->value = value;
    r->last = NEXT(r->last);
    return 0;
}

static inline char **ring_names(struct ring *r) {
    return r->names;
}

#ifdef WITH_LOG
static void log_line(const char *line) {
    fprintf(stderr, "%s\n", line);
}
#endif

int old_style(a, b)
    int a;
    char *b;
{
    return a + b[0];
}

ATTR_HOT static void *(*pick(int which))(void)
{
    qsort(table, total, sizeof(int), compare);
    return which ? first : second;
}

void each(struct ring *r, visitor visit) {
    DEFER_BEGIN(r) {
        while (r->count > 0
    #if FAST
        && r->fast) {
    #else
        ) {
    #endif
            visit(r->head, NULL);
        }
    } DEFER_END
}

void last(void)
{
    each(NULL, NULL);
}
