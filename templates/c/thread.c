{% block function -%}
static int {{ module }}_{{ name }}_thread(void *data)
{
{%- if uses_context %}
	struct {{ module }}_ctx *ctx = data;
{%- endif %}
{%- for local in locals %}
	{{ local }}
{%- endfor %}

{% if freezable %}	set_freezable();
{% endif %}
{%- if let Some(test) = test %}	while ({{ test }}) {
{{ body }}
	}
{% else %}{{ body }}
{% endif %}
	return 0;
}
{%- endblock %}

{% block several -%}
static void {{ module }}_{{ name }}_stop(struct {{ module }}_ctx *ctx, unsigned int started)
{
	while (started--)
		kthread_stop(ctx->{{ name }}[started]);
}

static int {{ module }}_{{ name }}_start(struct {{ module }}_ctx *ctx)
{
	struct task_struct *task;
	unsigned int i;

	for (i = 0; i < {{ define }}; i++) {
		task = kthread_run({{ module }}_{{ name }}_thread, ctx, "{{ name }}/%u", i);
		if (IS_ERR(task)) {
			{{ module }}_{{ name }}_stop(ctx, i);
			return PTR_ERR(task);
		}
		ctx->{{ name }}[i] = task;
	}

	return 0;
}
{%- endblock %}

{% block per_cpu -%}
static DEFINE_PER_CPU(struct task_struct *, {{ module }}_{{ name }});

static int {{ module }}_{{ name }}_online(unsigned int cpu)
{
	struct task_struct *task;

	task = kthread_create_on_cpu({{ module }}_{{ name }}_thread, &{{ module }}_ctx, cpu, "{{ name }}/%u");
	if (IS_ERR(task))
		return PTR_ERR(task);
	per_cpu({{ module }}_{{ name }}, cpu) = task;
	wake_up_process(task);

	return 0;
}

static int {{ module }}_{{ name }}_offline(unsigned int cpu)
{
	kthread_stop(per_cpu({{ module }}_{{ name }}, cpu));

	return 0;
}
{%- endblock %}

{% block park -%}
static void {{ module }}_{{ name }}_park(struct {{ module }}_ctx *ctx)
{
	mutex_lock(&ctx->{{ name }}_park.lock);
	if (!ctx->{{ name }}_park.parked) {
		kthread_park(ctx->{{ name }});
		ctx->{{ name }}_park.parked = true;
	}
	mutex_unlock(&ctx->{{ name }}_park.lock);
}

static void {{ module }}_{{ name }}_unpark(struct {{ module }}_ctx *ctx)
{
	mutex_lock(&ctx->{{ name }}_park.lock);
	if (ctx->{{ name }}_park.parked) {
		kthread_unpark(ctx->{{ name }});
		ctx->{{ name }}_park.parked = false;
	}
	mutex_unlock(&ctx->{{ name }}_park.lock);
}
{%- endblock %}

{% block parking -%}
	struct {
		struct mutex lock;	/* protects what follows */
		bool parked;
	} {{ name }}_park;
{%- endblock %}
