	struct {
{%- if let Some(lock) = lock %}
		{{ lock }} lock;	/* protects what follows */
{%- endif %}
{%- for field in fields %}
		{{ field }};
{%- endfor %}
	} {{ name }};
