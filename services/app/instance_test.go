package app_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	"kaohe.dev/services/app"
	"kaohe.dev/services/internal/store/ferret"
)

// TestNothingSecretIsReadableInMongoDB: no secret that was handed out, and no
// key, lies in a document.
func TestNothingSecretIsReadableInMongoDB(t *testing.T) {
	c := config(t)
	c.Store = ferret.Start(t)
	a := start(t, c)
	ctx, connection := dial(t, a)
	token, err := apiv1.NewTokenServiceClient(connection).CreateToken(ctx, &apiv1.CreateTokenRequest{Name: "a", Role: contractv1.Role_ROLE_ADMINISTRATOR})
	if err != nil {
		t.Fatal(err)
	}
	hook, err := apiv1.NewWebhookServiceClient(connection).CreateWebhook(ctx, &apiv1.CreateWebhookRequest{Name: "w", Url: "http://hooks.invalid/w"})
	if err != nil {
		t.Fatal(err)
	}
	signs := strings.TrimPrefix(hook.Secret, "whsec_")
	raw, err := base64.StdEncoding.DecodeString(signs)
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{
		"a token": []byte(token.Secret[strings.LastIndex(token.Secret, "_")+1:]), "the administrator's token": []byte(a.Token()),
		"a webhook's secret": raw, "a webhook's secret, encoded": []byte(signs), "a webhook's secret in hex": []byte(hex.EncodeToString(raw)),
	}
	for _, name := range []string{app.CustomerKey, app.SecretsKey} {
		secrets[name] = []byte(strings.TrimSpace(mustRead(t, filepath.Join(c.Data, name))))
	}
	for name, doc := range documents(t, c.Store) {
		for what, secret := range secrets {
			if bytes.Contains(doc, secret) {
				t.Errorf("%s holds %s", name, what)
			}
		}
	}
}

// documents gives all there is in a MongoDB database, by collection.
func documents(t *testing.T, url string) map[string][]byte {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(t.Context()) })
	db := client.Database("kaohe")
	names, err := db.ListCollectionNames(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, name := range names {
		cursor, err := db.Collection(name).Find(t.Context(), bson.D{})
		if err != nil {
			t.Fatal(err)
		}
		for cursor.Next(t.Context()) {
			all[name] = append(all[name], cursor.Current...)
		}
		if err := cursor.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if len(all["gateway.tokens"]) == 0 || len(all["webhooks.hooks"]) == 0 || len(all["keys.known"]) == 0 {
		t.Fatalf("found only %d collections: %v", len(all), names)
	}
	return all
}

// TestProcessesOfOneStoreNeedTheSameKeys: one that lacks the key of the secrets,
// or has another, does not start.
func TestProcessesOfOneStoreNeedTheSameKeys(t *testing.T) {
	c := config(t)
	c.Store = "sqlite:" + t.TempDir()
	start(t, c)
	other := c
	other.Data, other.Targets = t.TempDir(), []string{app.Notify}
	for _, text := range []string{"", "another"} {
		want := "is missing"
		if text != "" {
			want = "is not the key"
			if err := os.WriteFile(filepath.Join(other.Data, app.SecretsKey), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		a, err := app.New(other)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Start(t.Context()); err == nil || !errors.Is(err, app.ErrKey) || !strings.Contains(err.Error(), want) {
			t.Errorf("it said %v, want %q", err, want)
		}
	}
}
