// SPDX-License-Identifier: {{ spdx }}
{% if logs %}#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

{% endif %}
{%- for header in headers %}#include <linux/{{ header }}>
{% endfor %}
{%- if has_hooks %}
#include "{{ name }}.h"
{% endif %}
{% for define in defines -%}
{{ define }}
{% endfor %}
{%- if !has_hooks %}
{{ context }}
{% endif %}
static struct {{ name }}_ctx {{ name }}_ctx;
{% for function in functions %}
{{ function }}
{% endfor %}
static int __init {{ name }}_init(void)
{
	struct {{ name }}_ctx *ctx = &{{ name }}_ctx;
{%- if init.has_ret %}
	int ret;
{%- endif %}

{{ init.begin }}
{%- for step in init.steps %}
{{ step }}
{% endfor %}
	return 0;
{% for undo in init.unwinding %}
{%- if let Some(label) = undo.label %}
{{ label }}:
{%- endif %}
{{ undo.text }}
{%- endfor %}
{%- if !init.unwinding.is_empty() %}
	return ret;
{%- endif %}
}
module_init({{ name }}_init);

static void __exit {{ name }}_exit(void)
{
	struct {{ name }}_ctx *ctx = &{{ name }}_ctx;

{{ exit }}
}
module_exit({{ name }}_exit);

{% for author in authors -%}
MODULE_AUTHOR("{{ author }}");
{% endfor -%}
MODULE_DESCRIPTION("{{ description }}");
MODULE_LICENSE("{{ license }}");
{%- if let Some(version) = version %}
MODULE_VERSION("{{ version }}");
{%- endif %}
