static bool {{ module }}_{{ name }}_met(struct {{ module }}_ctx *ctx)
{
{%- if let Some((take, give)) = locked %}
	bool met;

	{{ take }}
	met = {{ test }};
	{{ give }}

	return met;
{%- else if let Some(lock) = sequence %}
	unsigned int seq;
	bool met;

	do {
		seq = read_seqbegin(&{{ lock }});
		met = {{ test }};
	} while (read_seqretry(&{{ lock }}, seq));

	return met;
{%- else %}
	return {{ test }};
{%- endif %}
}
