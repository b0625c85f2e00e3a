/* One of each construct; labels start with l_, bodies with a brace in the first column. */
#include <linux/module.h>

#define LIMIT 8
#define each_item(i, b) for (i = (b)->first; i; i = i->next)

struct item { struct item *next; int n; void (*done)(struct item *); };
struct box { struct item *first; struct mutex lock; wait_queue_head_t wq; int state; };

static int helper(struct item *item, int n);
static struct box *the_box;

static int __must_check start(struct box *b, const char *name)
{
	struct item *i, local = { .n = width(3), .done = NULL };
	int table[LIMIT] = { first(), [3] = third() }, n = 0;

	if (!b || IS_ERR(b) || likely(b->state && ready(b)))
		return -EINVAL;
	else if ((n = helper(b->first, sizeof(measure(b)))) < 0)
		goto l_fail;
	mutex_lock(&b->lock);
	each_item(i, b) {
		if (i->n > LIMIT)
			continue;
		i->done(i);
		(*i->done)(i);
	}
	list_for_each_entry(i, &b->items, node)
		n += twice(i->n) ? one(i) : two(i);
	scoped_guard(mutex, &b->other) {
		guard(rcu)();
		if (n)
			return finish(b);
	}
	switch (kind(b)) {
	case 1:
	case 2 ... 5:
		n = ({ int t = inner(b); t + 1; });
		break;
	case LIMIT:
		for (n = init(); test(n); n = step(n))
			if (odd(n))
				goto l_inside;
		fallthrough;
	default:
		do {
l_inside:
			n--;
		} while (more(n));
	}
#ifdef CONFIG_BOX
	boxed(b);
#else
	unboxed(b);
#endif
	wait_event_interruptible(b->wq, condition(b) || kthread_should_stop());
	print("state %d\n", n ?: fallback(b));
	asm volatile("nop" : : "r" (n) : "memory");
	return 0;

l_fail:
	mutex_unlock(&b->lock);
l_end:
	return n;
}

static void late(void)
{
	typeof(the_box->state) s = state_of(the_box);

	while (s-- > 0)
		again(container_of(the_box, struct outer, box)->x, (struct item){ .n = build() });
	(void)drop(s);
	check(s, "bad", return);
}
