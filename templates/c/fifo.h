	struct {
		DECLARE_KFIFO(items, {{ item }}, {{ size }});
{%- if locks %}
		spinlock_t lock;	/* of those in the module */
{%- endif %}
{%- if reads %}
		struct mutex reading;	/* one reader at a time */
{%- endif %}
{%- if writes %}
		struct mutex writing;	/* one writer at a time */
{%- endif %}
		wait_queue_head_t readable;
{%- if writes %}
		wait_queue_head_t writable;
{%- endif %}
	} {{ name }};
