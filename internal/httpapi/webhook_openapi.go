package httpapi

import (
	"net/http"

	"compressor/internal/webhook"
)

// describeWebhooks describes the log of deliveries and the secrets.
func describeWebhooks(d *describer) hash {
	id := hash{"name": "id", "in": "path", "required": true, "description": "Of the delivery; its header webhook-id.",
		"schema": hash{"type": "string", "format": "uuid"}}
	query := func(name, about string, schema hash) hash {
		return hash{"name": name, "in": "query", "description": about, "schema": schema}
	}
	page := []hash{
		query("status", "Only deliveries in this state.", hash{"type": "string", "enum": webhook.States()}),
		query("offset", "How many to pass over.", hash{"type": "integer", "minimum": 0, "default": 0}),
		query("limit", "How many to list.", hash{"type": "integer", "minimum": 1, "maximum": mostPage, "default": usualPage}),
	}
	secret := query("id", "Of the secret.", hash{"type": "string", "format": "uuid"})
	secret["required"] = true
	return hash{
		"/1.0/webhooks": hash{"get": hash{"summary": "Deliveries of webhooks, the latest first.", "parameters": page,
			"responses": d.replies(http.StatusOK, deliveriesReply{})}},
		"/1.0/webhooks/{id}": hash{"parameters": []hash{id},
			"get": hash{"summary": "A delivery and what became of its tries.", "responses": d.replies(http.StatusOK, deliveryReply{})}},
		"/1.0/webhooks/{id}/replay": hash{"parameters": []hash{id},
			"post": hash{"summary": "Deliver again, at once, under the same id.", "responses": d.replies(http.StatusAccepted, deliveryReply{})}},
		"/1.0/webhooks/secrets": hash{
			"get":    hash{"summary": "The secrets that deliveries are signed with.", "responses": d.replies(http.StatusOK, secretsReply{})},
			"post":   hash{"summary": "Make a secret; at most two are live. It is shown this once.", "responses": d.replies(http.StatusCreated, secretReply{})},
			"delete": hash{"summary": "Remove a secret.", "parameters": []hash{secret}, "responses": d.replies(http.StatusOK, secretsReply{})}},
	}
}
