static int {{ module }}_{{ name }}_show(struct seq_file *m, void *v)
{
	struct {{ module }}_ctx *ctx = m->private;
{%- for local in locals %}
	{{ local }}
{%- endfor %}

{{ body }}

	return 0;
}
{%- if debugfs %}
DEFINE_SHOW_ATTRIBUTE({{ module }}_{{ name }});
{%- endif %}
