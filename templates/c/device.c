{%- if let Some(body) = open %}
static int {{ module }}_{{ name }}_open(struct inode *inode, struct file *file)
{
{%- if uses_context %}
	struct {{ module }}_ctx *ctx = container_of(file->private_data, struct {{ module }}_ctx, {{ name }});
{%- endif %}
{%- for local in locals %}
	{{ local }}
{%- endfor %}

{{ body }}

	return stream_open(inode, file);
}
{% endif %}
{%- if let Some(fifo) = reads %}
static ssize_t {{ module }}_{{ name }}_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct {{ module }}_ctx *ctx = container_of(file->private_data, struct {{ module }}_ctx, {{ name }});
	unsigned int copied;
	int ret;

	if (count < sizeof({{ fifo.item }}))
		return -EINVAL;

	do {
		if (kfifo_is_empty(&ctx->{{ fifo.name }}.items)) {
			if (file->f_flags & O_NONBLOCK)
				return -EAGAIN;
			ret = wait_event_interruptible(ctx->{{ fifo.name }}.readable, !kfifo_is_empty(&ctx->{{ fifo.name }}.items));
			if (ret)
				return ret;
		}

		if (mutex_lock_interruptible(&ctx->{{ fifo.name }}.reading))
			return -ERESTARTSYS;
		ret = kfifo_to_user(&ctx->{{ fifo.name }}.items, buf, count, &copied);
		mutex_unlock(&ctx->{{ fifo.name }}.reading);
		if (ret)
			return ret;
		/* Another reader may have been faster. */
	} while (!copied);
{% if fifo.wakes %}	wake_up_interruptible(&ctx->{{ fifo.name }}.writable);
{% endif %}
	return copied;
}
{% endif %}
{%- if let Some(fifo) = writes %}
static ssize_t {{ module }}_{{ name }}_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	struct {{ module }}_ctx *ctx = container_of(file->private_data, struct {{ module }}_ctx, {{ name }});
	unsigned int copied;
	int ret;

	if (count < sizeof({{ fifo.item }}))
		return -EINVAL;

	do {
		if (kfifo_is_full(&ctx->{{ fifo.name }}.items)) {
			if (file->f_flags & O_NONBLOCK)
				return -EAGAIN;
			ret = wait_event_interruptible(ctx->{{ fifo.name }}.writable, !kfifo_is_full(&ctx->{{ fifo.name }}.items));
			if (ret)
				return ret;
		}

		if (mutex_lock_interruptible(&ctx->{{ fifo.name }}.writing))
			return -ERESTARTSYS;
		ret = kfifo_from_user(&ctx->{{ fifo.name }}.items, buf, count, &copied);
		mutex_unlock(&ctx->{{ fifo.name }}.writing);
		if (ret)
			return ret;
		/* Another writer may have been faster. */
	} while (!copied);
	wake_up_interruptible(&ctx->{{ fifo.name }}.readable);

	return copied;
}
{% endif %}
static __poll_t {{ module }}_{{ name }}_poll(struct file *file, poll_table *wait)
{
	struct {{ module }}_ctx *ctx = container_of(file->private_data, struct {{ module }}_ctx, {{ name }});
	__poll_t mask = 0;

{% if let Some(fifo) = reads %}	poll_wait(file, &ctx->{{ fifo.name }}.readable, wait);
	if (!kfifo_is_empty(&ctx->{{ fifo.name }}.items))
		mask |= EPOLLIN | EPOLLRDNORM;
{% endif %}
{%- if let Some(fifo) = writes %}	poll_wait(file, &ctx->{{ fifo.name }}.writable, wait);
	if (!kfifo_is_full(&ctx->{{ fifo.name }}.items))
		mask |= EPOLLOUT | EPOLLWRNORM;
{% endif %}
	return mask;
}

static const struct file_operations {{ module }}_{{ name }}_fops = {
	.owner = THIS_MODULE,
	.open = {% if open.is_some() %}{{ module }}_{{ name }}_open{% else %}stream_open{% endif %},
{%- if reads.is_some() %}
	.read = {{ module }}_{{ name }}_read,
{%- endif %}
{%- if writes.is_some() %}
	.write = {{ module }}_{{ name }}_write,
{%- endif %}
	.poll = {{ module }}_{{ name }}_poll,
};
