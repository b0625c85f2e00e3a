/* SPDX-License-Identifier: {{ spdx }} */
#ifndef _{{ guard }}_H
#define _{{ guard }}_H
{% for header in headers %}
#include <linux/{{ header }}>
{%- endfor %}

{{ context }}

/* The hooks, in {{ name }}_hooks.c */
{%- for hook in hooks %}
{{ hook }};
{%- endfor %}

#endif /* _{{ guard }}_H */
