{% block show -%}
static ssize_t {{ module }}_{{ name }}_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct {{ module }}_ctx *ctx = &{{ module }}_ctx;
{%- for local in locals %}
	{{ local }}
{%- endfor %}

{{ body }}

	return sysfs_emit(buf, "{{ format }}\n", {{ value }});
}
{%- endblock %}

{% block store -%}
static ssize_t {{ module }}_{{ name }}_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf, size_t count)
{
{%- if uses_context %}
	struct {{ module }}_ctx *ctx = &{{ module }}_ctx;
{%- endif %}
{%- for local in locals %}
	{{ local }}
{%- endfor %}
	bool wanted;
	int ret;

	ret = kstrtobool(buf, &wanted);
	if (ret)
		return ret;
{%- if single %}
	if (wanted)
{{ body }}
{%- else %}
	if (wanted) {
{{ body }}
	}
{%- endif %}

	return count;
}
{%- endblock %}

{% block attribute -%}
static struct kobj_attribute {{ module }}_{{ name }}_attribute =
	__ATTR({{ name }}, {{ mode }}, {{ show }}, {{ store }});
{%- endblock %}

{% block group -%}
static struct attribute *{{ module }}_attributes[] = {
{%- for name in names %}
	&{{ module }}_{{ name }}_attribute.attr,
{%- endfor %}
	NULL
};

static const struct attribute_group {{ module }}_group = {
	.attrs = {{ module }}_attributes,
};
{%- endblock %}
