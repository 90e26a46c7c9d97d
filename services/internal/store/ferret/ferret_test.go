package ferret

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func TestServes(t *testing.T) {
	client, err := mongo.Connect(options.Client().ApplyURI(Start(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Disconnect(t.Context()); err != nil {
			t.Log(err)
		}
	})
	c := client.Database("d").Collection("sla.docs")
	for _, w := range []mongo.WriteModel{
		mongo.NewReplaceOneModel().SetFilter(bson.D{{"_id", "a"}, {"deleted", bson.D{{"$exists", true}}}}).SetReplacement(bson.D{{"_id", "a"}, {"version", int64(1)}}).SetUpsert(true),
		mongo.NewReplaceOneModel().SetFilter(bson.D{{"_id", "a"}, {"version", int64(7)}}).SetReplacement(bson.D{{"_id", "a"}, {"version", int64(8)}}).SetUpsert(true),
		mongo.NewReplaceOneModel().SetFilter(bson.D{{"_id", "a"}, {"version", int64(1)}}).SetReplacement(bson.D{{"_id", "a"}, {"version", int64(2)}}).SetUpsert(true),
	} {
		r, err := c.BulkWrite(t.Context(), []mongo.WriteModel{w})
		t.Logf("%+v %v", r, err)
	}
	_, err = c.Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: bson.D{{"deleted", 1}}, Options: options.Index().SetExpireAfterSeconds(10)})
	t.Log(err)
}
