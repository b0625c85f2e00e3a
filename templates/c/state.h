	struct {
{%- if let Some(lock) = lock %}
		{{ lock }} lock;
{%- endif %}
{%- for field in fields %}
		{{ field }};
{%- endfor %}
	} {{ name }};
