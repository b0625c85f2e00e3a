{% for constant in constants -%}
{{ constant }}
{% endfor %}
/**
 * struct {{ name }}_ctx - what the parts of {{ name }} share
{%- for member in members %}
 * @{{ member.name }}: {{ member.about }}
{%- endfor %}
 */
struct {{ name }}_ctx {
{%- for member in members %}
{{ member.text }}
{%- endfor %}
};
