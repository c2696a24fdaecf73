/* tls_check: see tls_check.h. */
#include <errno.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/util.h"

#include "tls_check.h"

#define CHAIN_MAX 10

struct trust {
	X509_STORE *store;
	X509_STORE_CTX *ctx;
	X509 *leaf;
	STACK_OF(X509) * others;
};

static void free_certificates(STACK_OF(X509) * list)
{
	sk_X509_pop_free(list, X509_free);
}

static void trust_free(struct trust *t)
{
	X509_STORE_CTX_free(t->ctx);
	X509_STORE_free(t->store);
	X509_free(t->leaf);
	free_certificates(t->others);
}

static int read_chain(struct trust *t, const struct tls_der *chain, size_t n, struct err *e)
{
	for (size_t i = 0; i < MIN(n, (size_t)CHAIN_MAX); i++) {
		const unsigned char *p = chain[i].p;
		X509 *c = d2i_X509(NULL, &p, (long)chain[i].n);

		if (!c)
			return err_set(e, -EACCES, "its certificate cannot be read");
		if (i == 0)
			t->leaf = c;
		else if (!sk_X509_push(t->others, c))
			X509_free(c);
	}
	return t->leaf ? 0 : err_set(e, -EACCES, "it shows no certificate");
}

static int set_name(X509_VERIFY_PARAM *param, const char *host)
{
	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
		return 0;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 ? 0 : -EINVAL;
}

int tls_check(
	const struct tls_der *chain, size_t n, const char *host, const char *ca, struct err *e)
{
	_cleanup_(trust_free) struct trust t = {.store = X509_STORE_new(),
		.ctx = X509_STORE_CTX_new(),
		.others = sk_X509_new_null()};
	int r = t.store && t.ctx && t.others ? read_chain(&t, chain, n, e)
					     : err_set(e, -ENOMEM, "no memory for a certificate");

	if (r)
		return r;
	if ((ca ? X509_STORE_load_file(t.store, ca) : X509_STORE_set_default_paths(t.store)) != 1)
		return err_set(e, -EACCES, "no trusted certificates can be read from %s",
			ca ? ca : "the system's folder");
	if (X509_STORE_CTX_init(t.ctx, t.store, t.leaf, t.others) != 1 ||
		X509_STORE_CTX_set_default(t.ctx, "ssl_server") != 1 ||
		set_name(X509_STORE_CTX_get0_param(t.ctx), host))
		return err_set(e, -EACCES, "its certificate cannot be checked");
	if (X509_verify_cert(t.ctx) == 1)
		return 0;
	return err_set(e, -EACCES, "its certificate is not trusted: %s",
		X509_verify_cert_error_string(X509_STORE_CTX_get_error(t.ctx)));
}
