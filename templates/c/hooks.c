// SPDX-License-Identifier: {{ spdx }}
/*
 * The hooks of {{ name }}. This file is yours: kloom wrote it once and does not
 * change it again.
 */
#include "{{ name }}.h"
{% for hook in hooks %}
{{ hook }}
{% endfor %}
