/** Light for models: a soft studio that needs no files, and a lamp that goes with the viewer. */
import "@babylonjs/core/Materials/Textures/baseTexture.polynomial";
import { Constants } from "@babylonjs/core/Engines/constants";
import { DirectionalLight } from "@babylonjs/core/Lights/directionalLight";
import { HemisphericLight } from "@babylonjs/core/Lights/hemisphericLight";
import { RawCubeTexture } from "@babylonjs/core/Materials/Textures/rawCubeTexture";
import { Color3 } from "@babylonjs/core/Maths/math.color";
import { SphericalPolynomial } from "@babylonjs/core/Maths/sphericalPolynomial";
import { Vector3 } from "@babylonjs/core/Maths/math.vector";
import type { Scene } from "@babylonjs/core/scene";
import { type Pose, type Vec3, add, scaled } from "@/media/object3d/space";

const SIDE = 32;

export class Lights {
  private readonly lamp: DirectionalLight;

  constructor(scene: Scene, up: Vec3) {
    const sky = new HemisphericLight("sky", new Vector3(...up), scene);
    sky.intensity = 0.4;
    sky.groundColor = new Color3(0.42, 0.42, 0.44);
    sky.specular = Color3.Black();
    this.lamp = new DirectionalLight("lamp", new Vector3(0, -1, 0), scene);
    this.lamp.intensity = 0.7;
    this.lamp.specular = new Color3(0.4, 0.4, 0.4);
    scene.environmentTexture = studio(scene);
    scene.environmentIntensity = 0.55;
  }

  /** From above the viewer's left shoulder. */
  follow(pose: Pose): void {
    const from = add(add(pose.toward, scaled(pose.up, 0.55)), scaled(pose.right, -0.45));
    this.lamp.direction = new Vector3(-from[0], -from[1], -from[2]);
  }
}

/** Bright above, grey below, with a lighter window: metals have something to mirror. */
function studio(scene: Scene): RawCubeTexture {
  const faces: Uint8Array[] = [];
  for (let face = 0; face < 6; face++) {
    const texels = new Uint8Array(SIDE * SIDE * 4);
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        const height = heightOf(face, (column + 0.5) / SIDE, (row + 0.5) / SIDE);
        const value = Math.round(255 * Math.min(1, 0.46 + 0.3 * height + 0.28 * Math.exp(-(((height - 0.55) / 0.22) ** 2))));
        texels.set([value, value, value, 255], (row * SIDE + column) * 4);
      }
    }
    faces.push(texels);
  }
  const texture = new RawCubeTexture(
    scene,
    faces,
    SIDE,
    Constants.TEXTUREFORMAT_RGBA,
    Constants.TEXTURETYPE_UNSIGNED_BYTE,
    true,
    false,
    Constants.TEXTURE_TRILINEAR_SAMPLINGMODE,
  );
  texture.gammaSpace = true;
  const light = new SphericalPolynomial();
  light.xx.setAll(0.42);
  light.yy.setAll(0.42);
  light.zz.setAll(0.42);
  light.y.setAll(0.2);
  texture.sphericalPolynomial = light;
  return texture;
}

/** The y of the direction through a texel; faces +x, -x, +y, -y, +z, -z. */
function heightOf(face: number, u: number, v: number): number {
  const [a, b] = [u * 2 - 1, 1 - v * 2];
  const length = Math.hypot(1, a, b);
  return (face === 2 ? 1 : face === 3 ? -1 : b) / length;
}
