{{ comment }}
{{ prototype }}
{
}
