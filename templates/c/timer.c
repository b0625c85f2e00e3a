{% block wheel -%}
static void {{ module }}_{{ name }}_timer(struct timer_list *timer)
{
{%- if uses_context %}
	struct {{ module }}_ctx *ctx = container_of(timer, struct {{ module }}_ctx, {{ name }});
{%- endif %}
{%- for local in locals %}
	{{ local }}
{%- endfor %}

{{ body }}
}
{%- endblock %}

{% block precise -%}
static enum hrtimer_restart {{ module }}_{{ name }}_timer(struct hrtimer *timer)
{
{%- if uses_context %}
	struct {{ module }}_ctx *ctx = container_of(timer, struct {{ module }}_ctx, {{ name }});
{%- endif %}
{%- for local in locals %}
	{{ local }}
{%- endfor %}

{{ body }}
{% if let Some(period) = period %}	hrtimer_forward_now(timer, {{ period }});

	return HRTIMER_RESTART;
{%- else %}
	return HRTIMER_NORESTART;
{%- endif %}
}
{%- endblock %}
