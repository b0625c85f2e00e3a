{% match statement -%}
{%- when Statement::Hook with { name, arguments } -%}
{{ module }}_{{ name }}(ctx{{ arguments }});
{%- when Statement::Log with { print, format, arguments } -%}
{{ print }}("{{ format }}\n"{% for argument in arguments %}, {{ argument }}{% endfor %});
{%- when Statement::Assign with { place, value } -%}
{{ place }} = {{ value }};
{%- when Statement::Count with { place, by } -%}
{% if *by == 1 %}{{ place }}++;{% else if *by == -1 %}{{ place }}--;{% else %}{{ place }} += {{ by }};{% endif %}
{%- when Statement::AtomicAdd with { kind, place, by } -%}
{% if *by == 1 %}{{ kind }}_inc(&{{ place }});{% else if *by == -1 %}{{ kind }}_dec(&{{ place }});{% else %}{{ kind }}_add({{ by }}, &{{ place }});{% endif %}
{%- when Statement::AtomicSet with { kind, place, to } -%}
{{ kind }}_set(&{{ place }}, {{ to }});
{%- when Statement::WriteOnce with { place, value } -%}
WRITE_ONCE({{ place }}, {{ value }});
{%- when Statement::Call with { function, place } -%}
{{ function }}(&{{ place }});
{%- when Statement::Park with { thread, verb } -%}
{{ module }}_{{ thread }}_{{ verb }}(ctx);
{%- when Statement::ReadSequence with { lock, number, copies } -%}
do {
	{{ number }} = read_seqbegin(&{{ lock }});
{%- for copy in copies %}
	{{ copy }}
{%- endfor %}
} while (read_seqretry(&{{ lock }}, {{ number }}));
{%- when Statement::QueueWork with { function, queue, work, delay } -%}
{{ function }}({% if let Some(queue) = queue %}{{ queue }}, {% endif %}&{{ work }}{% if let Some(delay) = delay %}, {{ delay }}{% endif %});
{%- when Statement::ArmTimer with { timer, delay } -%}
mod_timer(&{{ timer }}, jiffies + {{ delay }});
{%- when Statement::ArmPrecise with { timer, delay } -%}
hrtimer_start(&{{ timer }}, {{ delay }}, HRTIMER_MODE_REL);
{%- when Statement::Push with { fifo, name, item } -%}
if (kfifo_in_spinlocked(&{{ fifo }}.items, &{{ item }}, 1, &{{ fifo }}.lock))
	wake_up_interruptible(&{{ fifo }}.readable);
else
	pr_warn_ratelimited("{{ name }} is full\n");
{%- when Statement::Sleep with { delay } -%}
schedule_timeout_interruptible({{ delay }});
{%- when Statement::ShortSleep with { define } -%}
usleep_range({{ define }}, {{ define }} + {{ define }} / 4);
{%- endmatch %}
