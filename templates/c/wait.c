{% if let Some(taken) = taken %}{{ taken }}
{% endif %}
{%- if let Some(result) = result %}{{ result }} = {% endif %}{{ function }}({{ arguments }});
{%- if parkable %}
if (kthread_should_stop() || kthread_should_park()) {% if let Some(given) = given %}{
	{{ given }}
	continue;
}{% else %}
	continue;
{%- endif %}
{%- else %}
if (kthread_should_stop()) {% if let Some(given) = given %}{
	{{ given }}
	break;
}{% else %}
	break;
{%- endif %}
{%- endif %}
{%- if let Some(vain) = vain %}
if ({{ vain }}) {% if on_timeout.is_empty() && given.is_none() %}
	continue;
{%- else %}{
{%- if let Some(given) = given %}
	{{ given }}
{%- endif %}
{%- if !on_timeout.is_empty() %}
{{ on_timeout }}
{%- endif %}
	continue;
}
{%- endif %}
{%- endif %}
