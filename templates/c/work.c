static void {{ module }}_{{ name }}_work(struct {{ argument }} *work)
{
{%- if uses_context %}
	struct {{ module }}_ctx *ctx = container_of({{ inner }}, struct {{ module }}_ctx, {{ member }});
{%- endif %}
{%- for local in locals %}
	{{ local }}
{%- endfor %}

{{ body }}
}
