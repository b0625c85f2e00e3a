{% block worker -%}
static struct kthread_worker *{{ module }}_run_worker(const char *name)
{
#if KERNEL_VERSION(6, 14, 0) > LINUX_VERSION_CODE
	return kthread_create_worker(0, "%s", name);
#else
	return kthread_run_worker(0, "%s", name);
#endif
}
{%- endblock %}

{% block hrtimer -%}
static void {{ module }}_hrtimer_setup(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *))
{
#if KERNEL_VERSION(6, 13, 0) > LINUX_VERSION_CODE
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer->function = function;
#else
	hrtimer_setup(timer, function, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
#endif
}
{%- endblock %}

{% block flags -%}
#if KERNEL_VERSION(7, 2, 0) > LINUX_VERSION_CODE
#define {{ prefix }}_WQ_PERCPU 0
#else
#define {{ prefix }}_WQ_PERCPU WQ_PERCPU
#endif
{%- endblock %}

{% block unbound -%}
#if KERNEL_VERSION(7, 2, 0) > LINUX_VERSION_CODE
#define {{ prefix }}_UNBOUND_WQ system_unbound_wq
#else
#define {{ prefix }}_UNBOUND_WQ system_dfl_wq
#endif
{%- endblock %}
